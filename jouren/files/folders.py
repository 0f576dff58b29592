"""Folders and zips of files: what is taken from them, and how they are written."""

from __future__ import annotations

import io
import re
import stat
import unicodedata
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from django.utils.translation import gettext as _

from jouren.core.errors import UserError
from jouren.files.documents import MAX_BYTES
from jouren.files.errors import BadFiles, Problem
from jouren.files.kinds import KINDS
from jouren.files.pictures import FOLDER as PICTURES

MAX_FILES = 2_000
MAX_PICTURE = 10_000_000
MAX_TOTAL = 100_000_000

_FOLDERS = (*(kind.folder for kind in KINDS), PICTURES)
_DOCUMENT = re.compile(r"(?:{})/[^/\\\x00-\x1f]{{1,100}}\.ya?ml".format("|".join(kind.folder for kind in KINDS)))
_PICTURE = re.compile(rf"{PICTURES}/[^/\\\x00-\x1f]{{1,120}}\.[A-Za-z]{{2,5}}")
_EPOCH = (1980, 1, 1, 0, 0, 0)

Files = Mapping[str, bytes]
"""Content by path, such as ``journeys/welcome.yaml``."""


class NoFiles(UserError):
    """There is nothing to read, or it cannot be read."""


def read_folder(root: Path) -> dict[str, bytes]:
    """The files of a folder. Links are not followed. Raises NoFiles and BadFiles."""
    if not root.is_dir():
        raise NoFiles(_("There is no folder %(path)s.") % {"path": root})
    return _taken(_walk(root))


def _walk(root: Path) -> Iterator[tuple[str, int, bytes]]:
    for path in sorted([*root.glob("*"), *(path for name in _FOLDERS for path in (root / name).glob("*"))]):
        name = path.relative_to(root).as_posix()
        status = path.lstat()
        if stat.S_ISREG(status.st_mode) and not path.parent.is_symlink():
            with path.open("rb") as file:
                yield name, status.st_size, file.read(MAX_PICTURE + 1)


def read_zip(content: bytes) -> dict[str, bytes]:
    """The files of a zip; a folder around all of them is left out. Raises NoFiles and BadFiles."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _taken(_unpack(archive))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError) as error:
        raise NoFiles(_("This is no zip that can be read.")) from error


def _unpack(archive: zipfile.ZipFile) -> Iterator[tuple[str, int, bytes]]:
    entries = [
        entry for entry in archive.infolist() if not entry.is_dir() and not entry.filename.startswith("__MACOSX/")
    ]
    if len(entries) > MAX_FILES:
        raise NoFiles(_("More than %(most)s files are too many.") % {"most": MAX_FILES})
    tops = {PurePosixPath(entry.filename).parts[:1] for entry in entries}
    around = (
        f"{next(iter(tops))[0]}/" if len(tops) == 1 and next(iter(tops))[:1] not in {(f,) for f in _FOLDERS} else ""
    )
    for entry in entries:
        name = entry.filename.removeprefix(around)
        if _is_wanted(name):
            with archive.open(entry) as file:  # what the zip says of sizes is not believed
                yield name, entry.file_size, file.read(MAX_PICTURE + 1)


def _is_wanted(name: str) -> bool:
    return bool(_DOCUMENT.fullmatch(name) or _PICTURE.fullmatch(name) or name.lower().endswith((".yaml", ".yml")))


def _taken(found: Iterator[tuple[str, int, bytes]]) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    problems: list[Problem] = []
    total = 0
    for given, size, content in found:
        name = unicodedata.normalize("NFC", given)
        if PurePosixPath(name).name.startswith(".") or not _is_wanted(name):
            continue
        shown = re.sub(r"[\x00-\x1f]", "?", name)[:200]
        total += len(content)
        if total > MAX_TOTAL or len(files) >= MAX_FILES:
            raise NoFiles(_("These are too many files, or too large ones."))
        if not _DOCUMENT.fullmatch(name) and not _PICTURE.fullmatch(name):
            text = _("Files stand in the folders %(folders)s. Move it to one of them, or remove it.")
            problems.append(Problem(shown, 0, text % {"folders": ", ".join(_FOLDERS)}))
        elif max(size, len(content)) > (MAX_PICTURE if _PICTURE.fullmatch(name) else MAX_BYTES):
            problems.append(Problem(shown, 0, _("The file is too large.")))
        elif name in files:
            problems.append(Problem(shown, 0, _("There are two files of this name.")))
        files[name] = content
    if problems:
        raise BadFiles(problems)
    if not any(_DOCUMENT.fullmatch(name) for name in files):
        folders = ", ".join(f"{kind.folder}/….yaml" for kind in KINDS)
        raise NoFiles(_("There are no files of journeys or of what they send (%(folders)s).") % {"folders": folders})
    return files


def write_folder(files: Files, root: Path) -> list[str]:
    """Write files, each at once or not at all. Returns those of before that nothing has any more."""
    for name, content in files.items():
        path = root / name
        if path.parent.is_symlink() or path.parent.parent != root:
            raise NoFiles(_("%(path)s is a link. Choose another folder.") % {"path": path.parent})
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{path.name}.part")
        beside.write_bytes(content)
        beside.replace(path)
    there = (path.relative_to(root).as_posix() for kind in KINDS for path in (root / kind.folder).glob("*.y*ml"))
    return sorted(name for name in there if unicodedata.normalize("NFC", name) not in files)


def write_zip(files: Files) -> bytes:
    """A zip of files; equal files give equal bytes."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return packed.getvalue()
