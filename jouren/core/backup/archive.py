"""The file of a backup: a plain tar with a manifest at its beginning and checksums at its end.

    manifest.json    what it is, of which version, from when
    database.dump    pg_dump's custom format
    secret_key       what signs links, sessions, tokens
    media/…          uploaded pictures and documents
    checksums.json   SHA-256 of each of the others: a file that was cut off has none

Whoever reads one trusts nothing in it: only regular files of these names are taken, and nothing is unpacked before all
of it was read and its checksums are right.
"""

from __future__ import annotations

import json
import re
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import IO, Any, BinaryIO

from django.utils.translation import gettext as _

from jouren.core.errors import UserError

FORMAT = 1
MANIFEST, DUMP, KEY, CHECKSUMS, MEDIA = "manifest.json", "database.dump", "secret_key", "checksums.json", "media/"
_BLOCK, _CHUNK = 512, 2**20
_LARGEST_TEXT = 64 * 2**20
_LONGEST_PATH = 4_000
_SHA = re.compile(r"[0-9a-f]{64}")
_UNSAFE = frozenset({"", ".", ".."})

Say = Callable[[str, int], None]
"""Is told the name of a part, and how many of its bytes are done."""


class BadBackup(UserError):
    """The file is no backup, or not whole, or holds what no backup holds."""


@dataclass(frozen=True)
class Manifest:
    """What a backup says of itself. ``taken_at`` is aware, and the moment of the database's snapshot.

    ``migrations``: all that were applied, as ``app.name``. ``postgres``: the server's version number (180001).
    ``people`` and ``waiting``: how many people there were, and how many of them at a step of a journey.
    """

    jouren: str
    taken_at: datetime
    postgres: int
    migrations: tuple[str, ...]
    people: int
    waiting: int

    def to_json(self) -> bytes:
        """As it stands in the file."""
        content = {"format": FORMAT, **asdict(self), "taken_at": self.taken_at.isoformat()}
        return json.dumps(content, indent=1).encode()

    @classmethod
    def from_json(cls, text: bytes) -> Manifest:
        """Read it. Raises BadBackup."""
        try:
            content = json.loads(text)
            form = content["format"]
            if not isinstance(form, int) or form > FORMAT:
                raise BadBackup(_("This backup was made by a newer Jouren. Install that version first."))
            taken_at = datetime.fromisoformat(content["taken_at"]).astimezone(UTC)
            migrations = tuple(str(name) for name in content["migrations"])
            numbers = [int(content[name]) for name in ("postgres", "people", "waiting")]
            return cls(str(content["jouren"])[:40], taken_at, numbers[0], migrations, *numbers[1:])
        except (ValueError, TypeError, KeyError, RecursionError, OverflowError):
            raise BadBackup(_("This is no backup of Jouren's: its manifest cannot be read.")) from None


class BackupWriter:
    """Writes the parts one after the other into a file that is open for writing and can be sought in."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._sums: dict[str, str] = {}

    def add_bytes(self, name: str, content: bytes) -> None:
        """A small part."""
        with self.part(name) as write:
            write(content)

    def add_file(self, name: str, path: Path) -> None:
        """A file as it is at this moment."""
        with path.open("rb") as source, self.part(name) as write:
            while chunk := source.read(_CHUNK):
                write(chunk)

    @contextmanager
    def part(self, name: str) -> Iterator[Callable[[bytes], None]]:
        """A part whose length is known once all of it was written: its header is filled in then."""
        begin, digest, size = self._file.tell(), sha256(), 0
        header = len(self._header(name, 0))
        self._file.write(bytes(header))

        def write(chunk: bytes) -> None:
            nonlocal size
            self._file.write(chunk)
            digest.update(chunk)
            size += len(chunk)

        yield write
        self._file.write(bytes(-size % _BLOCK))
        end = self._file.tell()
        self._file.seek(begin)
        self._file.write(self._header(name, size))
        self._file.seek(end)
        self._sums[name] = digest.hexdigest()

    def finish(self) -> None:
        """Write the checksums and the end."""
        self.add_bytes(CHECKSUMS, json.dumps(self._sums, indent=1).encode())
        self._file.write(bytes(2 * _BLOCK))

    @staticmethod
    def _header(name: str, size: int) -> bytes:
        member = tarfile.TarInfo(name)
        member.size, member.mode = size, 0o600
        # GNU's format writes a size of any length into the same place, so the header's length goes by the name alone.
        return member.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")


@contextmanager
def _opened(path: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(path, "r:", encoding="utf-8", errors="surrogateescape") as archive:
            yield archive
    except (tarfile.TarError, UnicodeError, EOFError, ValueError, OverflowError):
        raise BadBackup(_("%(file)s is no backup of Jouren's, or it is damaged.") % {"file": path}) from None
    except OSError as error:
        raise BadBackup(
            _("%(file)s cannot be read: %(reason)s") % {"file": path, "reason": error.strerror or "?"}
        ) from None


def read_manifest(path: Path) -> Manifest:
    """What a file says of itself, read from its beginning. Raises BadBackup."""
    with _opened(path) as archive:
        first = archive.next()
        if first is None or first.name != MANIFEST or not first.isreg():
            raise BadBackup(_("%(file)s is no backup of Jouren's.") % {"file": path})
        return Manifest.from_json(_text(archive, first))


def check_backup(path: Path, say: Say = lambda name, done: None) -> Manifest:
    """Read all of a file and compare every part with its checksum. Raises BadBackup; nothing is written."""
    manifest = read_manifest(path)
    found: dict[str, str] = {}
    told: dict[str, str] | None = None
    with _opened(path) as archive:
        for member in archive:
            name = _checked(member)
            if told is not None or name in found:
                raise BadBackup(_("%(file)s holds parts that no backup holds.") % {"file": path})
            if name == CHECKSUMS:
                told = _sums(_text(archive, member))
            else:
                found[name] = _sum(archive, member, say)
    if told is None:
        raise BadBackup(_("%(file)s is not whole: its end is missing.") % {"file": path})
    if found != told or not {MANIFEST, DUMP, KEY} <= found.keys():
        raise BadBackup(_("%(file)s is damaged: its checksums are not right.") % {"file": path})
    return manifest


def unpack(path: Path, folder: Path, say: Say = lambda name, done: None) -> None:
    """Write all parts into a new, empty folder, comparing them once more. Raises BadBackup, OSError."""
    with _opened(path) as archive:
        sums: dict[str, str] = {}
        for member in archive:
            name = _checked(member)
            if name == CHECKSUMS:
                if _sums(_text(archive, member)) != sums:
                    raise BadBackup(_("%(file)s is damaged: its checksums are not right.") % {"file": path})
                return
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            # Exclusively: nothing in the file can have made a link there, and nothing is written twice.
            with target.open("xb") as file:
                sums[name] = _sum(archive, member, say, file)
            target.chmod(0o644 if name.startswith(MEDIA) else 0o600)
    raise BadBackup(_("%(file)s is not whole: its end is missing.") % {"file": path})


def _checked(member: tarfile.TarInfo) -> str:
    """The name of a part that may stand in a backup."""
    name = member.name
    parts = name.split("/")
    well = member.isreg() and not member.issparse() and len(name) <= _LONGEST_PATH
    inside = len(parts) > 1 and parts[0] == "media" and not _UNSAFE & set(parts) and name.isprintable()
    if not well or not (name in {MANIFEST, DUMP, KEY, CHECKSUMS} or (inside and "\\" not in name)):
        raise BadBackup(_("The file holds what no backup of Jouren's holds. Nothing was taken from it."))
    return name


def _text(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    if member.size > _LARGEST_TEXT:
        raise BadBackup(_("This is no backup of Jouren's: its manifest cannot be read."))
    return b"".join(_chunks(archive, member))


def _sum(archive: tarfile.TarFile, member: tarfile.TarInfo, say: Say, file: IO[bytes] | None = None) -> str:
    digest, done = sha256(), 0
    for chunk in _chunks(archive, member):
        digest.update(chunk)
        done += len(chunk)
        say(member.name, done)
        if file is not None:
            file.write(chunk)
    return digest.hexdigest()


def _chunks(archive: tarfile.TarFile, member: tarfile.TarInfo) -> Iterator[bytes]:
    source = archive.extractfile(member)
    left = member.size
    while source is not None and left > 0:
        chunk = source.read(min(_CHUNK, left))
        if not chunk:
            raise BadBackup(_("The file is not whole: it was cut off."))
        left -= len(chunk)
        yield chunk


def _sums(text: bytes) -> dict[str, str]:
    try:
        content: Any = json.loads(text)
        if not all(isinstance(each, str) and _SHA.fullmatch(each) for each in content.values()):
            raise ValueError
    except (ValueError, AttributeError, TypeError, RecursionError):
        raise BadBackup(_("The file is damaged: its checksums cannot be read.")) from None
    return dict(content)
