"""Journeys, and the messages, series and segments that they name, as files."""

from __future__ import annotations

from collections.abc import Collection

from django.db import transaction

from jouren.files.codecs import Writing
from jouren.files.documents import write_document
from jouren.files.errors import BadFiles, Problem
from jouren.files.identities import identities, lock_identities
from jouren.files.kinds import JOURNEYS, KINDS, Kind
from jouren.files.models import Identity
from jouren.files.pictures import FOLDER as PICTURES
from jouren.files.pictures import Pictures
from jouren.files.references import Names

Known = dict[str, dict[int, Identity]]


@transaction.atomic
def export_journeys(ids: Collection[int] | None = None, *, without: Collection[Kind] = ()) -> dict[str, bytes]:
    """The drafts of these journeys (None: of all), of what they name, and what that names, and the pictures, by path.

    Other journeys are only named, and so are things of a kind in ``without``.

    Raises:
        BadFiles: something cannot be written.
    """
    lock_identities()
    known: Known = {kind.name: identities(kind) for kind in KINDS}
    pictures = Pictures()
    names = Names(stems_of(known), pictures)
    files: dict[str, bytes] = {}
    problems: list[Problem] = []

    def write(kind: Kind, wanted: Collection[int] | None) -> None:
        for draft in kind.drafts(wanted):
            identity = known[kind.name][draft.pk]
            writing = Writing(path_of(kind, identity.stem), names)
            files[writing.file] = write_document(kind.write(draft, identity.pk, writing))
            problems.extend(writing.problems)

    write(JOURNEYS, ids)
    followed = [kind for kind in KINDS if kind is not JOURNEYS and kind not in without]
    written: dict[Kind, set[int]] = {kind: set() for kind in followed}
    is_done = False
    while not is_done:
        is_done = True
        for kind in followed:
            wanted = names.used[kind.model._meta.label] - written[kind]
            if wanted:
                is_done = False
                written[kind] |= wanted
                write(kind, wanted)
    for name, image in pictures.used.items():
        with image.file.open("rb") as file:
            files[f"{PICTURES}/{name}"] = file.read()
    if problems:
        raise BadFiles(problems)
    return files


def stems_of(known: Known) -> dict[str, dict[int, str]]:
    """The names of files, by model and id."""
    return {kind.model._meta.label: {pk: identity.stem for pk, identity in known[kind.name].items()} for kind in KINDS}


def path_of(kind: Kind, stem: str) -> str:
    """Where a file stands in its folder."""
    return f"{kind.folder}/{stem}.yaml"
