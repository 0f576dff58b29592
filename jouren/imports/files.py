"""Where sent-in files lie: a folder of the data folder that nothing serves, readable by this account alone."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.utils.translation import gettext as _

from jouren.imports.errors import BadFile

MAX_SIZE = 2_000_000_000


def folder() -> Path:
    """The folder, made if need be."""
    path = Path(settings.JOUREN.home) / "imports"
    path.mkdir(mode=0o700, exist_ok=True)
    return path


def keep_file(chunks: Iterable[bytes]) -> tuple[str, int]:
    """Write a file piece by piece under a name of our own; nothing stays of one that breaks off.

    Returns its name and its size in bytes. Raises BadFile when it is too large.
    """
    name = f"{secrets.token_hex(16)}.csv"
    path = folder() / name
    size = 0
    try:
        with path.open("xb") as file:
            path.chmod(0o600)
            for chunk in chunks:
                size += len(chunk)
                if size > MAX_SIZE:
                    raise BadFile(_("The file is larger than %(most)s MB.") % {"most": MAX_SIZE // 1_000_000})
                file.write(chunk)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return name, size


def open_file(name: str) -> BinaryIO:
    """A kept file. Raises BadFile when it is not there any more."""
    try:
        return (folder() / Path(name).name).open("rb")
    except OSError:
        raise BadFile(_("The file is not kept any more. Send it in again.")) from None


def remove_file(name: str) -> None:
    """Delete a kept file, if it is there."""
    if name:
        (folder() / Path(name).name).unlink(missing_ok=True)
