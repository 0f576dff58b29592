"""Which file each journey and message is: given once, kept over renaming elsewhere, followed by the file's name."""

from __future__ import annotations

import re
import uuid

from django.db import connection

from jouren.files.kinds import Kind
from jouren.files.models import Identity


def lock_identities() -> None:
    """Until the transaction ends, nobody else gives or looks up file names to write them."""
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE files_identity IN SHARE ROW EXCLUSIVE MODE")


def identities(kind: Kind) -> dict[int, Identity]:
    """The identity of everything of a kind, by its id; what has none gets one. Names follow those of the things."""
    names = dict(kind.rows().values_list("pk", "name"))
    known = {each.object_id: each for each in Identity.objects.filter(kind=kind.name)}
    gone = [each.pk for pk, each in known.items() if pk not in names]
    Identity.objects.filter(pk__in=gone).delete()
    known = {pk: each for pk, each in known.items() if pk in names}
    taken = {each.stem for each in known.values()}
    for pk, name in names.items():
        stem, each = kind.stem(name), known.get(pk)
        if each is None:
            known[pk] = Identity.objects.create(kind=kind.name, object_id=pk, stem=free_stem(stem, taken))
        elif not _fits(each.stem, stem):
            taken.discard(each.stem)
            each.stem = free_stem(stem, taken)
            each.save(update_fields=["stem"])
        taken.add(known[pk].stem)
    return known


def take_identity(kind: Kind, identity: uuid.UUID, object_id: int, stem: str) -> Identity:
    """Give something new the identity that its file has."""
    taken = set(Identity.objects.filter(kind=kind.name).values_list("stem", flat=True))
    return Identity.objects.create(id=identity, kind=kind.name, object_id=object_id, stem=free_stem(stem, taken))


def free_stem(stem: str, taken: set[str]) -> str:
    """``stem``, with a number where something else has it."""
    number = 1
    free = stem
    while free in taken:
        number += 1
        free = f"{stem}-{number}"
    return free


def _fits(stem: str, wanted: str) -> bool:
    return stem == wanted or re.fullmatch(rf"{re.escape(wanted)}-[0-9]+", stem) is not None
