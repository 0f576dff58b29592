"""Journeys, and the messages that they send, as files."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from django.db import transaction

from jouren.files.codecs import Writing
from jouren.files.documents import write_document
from jouren.files.errors import BadFiles, Problem
from jouren.files.identities import identities, lock_identities
from jouren.files.kinds import JOURNEYS, KINDS, MESSAGES, Kind
from jouren.files.models import Identity
from jouren.files.pictures import FOLDER as PICTURES
from jouren.files.pictures import Pictures
from jouren.files.references import Names

Known = dict[str, dict[int, Identity]]


@transaction.atomic
def export_journeys(ids: Collection[int] | None = None) -> dict[str, bytes]:
    """The drafts of these journeys (None: of all), of the messages that they name, and the pictures, by path.

    Raises:
        BadFiles: something cannot be written.
    """
    lock_identities()
    known: Known = {kind.name: identities(kind) for kind in KINDS}
    pictures = Pictures()
    names = Names(stems_of(known), pictures)
    files: dict[str, bytes] = {}
    problems: list[Problem] = []
    for kind in (JOURNEYS, MESSAGES):
        wanted = ids if kind is JOURNEYS else names.used[MESSAGES.model._meta.label]
        for draft in _drafts(kind, wanted):
            identity = known[kind.name][draft.pk]
            writing = Writing(path_of(kind, identity.stem), names)
            files[writing.file] = write_document(kind.write(draft, identity.pk, writing))
            problems += writing.problems
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


def _drafts(kind: Kind, ids: Collection[int] | None) -> Iterable[Any]:
    things = kind.model.objects.select_related("latest_revision").order_by("pk")
    for thing in things if ids is None else things.filter(pk__in=ids):
        yield thing.get_latest_revision_as_object()
