"""One page of people: searched, of one stage, or all; never counted, so that a million are as quick as ten."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import prefetch_related_objects
from django.utils.functional import cached_property

from jouren.contacts.models import Contact, Identity, IdentityKind, Suppression
from jouren.contacts.queries import search_contacts
from jouren.pyramid.models import PyramidPosition
from jouren.pyramid.queries import people_in_stage
from jouren.pyramid.stages import Stage

PAGE = 50


def shown_identity(contact: Contact) -> Identity | None:
    """What tells somebody from others of their name: the mail address where there is one."""
    found = sorted(contact.identities.all(), key=lambda identity: identity.kind != IdentityKind.EMAIL)
    return found[0] if found else None


@dataclass(frozen=True)
class Row:
    """A person in the list. ``since``: since when on the stage; None on the base."""

    contact: Contact
    stage: Stage
    since: datetime | None
    is_stopped: bool

    @cached_property
    def identity(self) -> Identity | None:
        """The address or number to show."""
        return shown_identity(self.contact)


@dataclass(frozen=True)
class Listing:
    """``last`` is whom the next page follows, None at the end."""

    rows: list[Row]
    last: Contact | None


def list_people(text: str = "", stage: Stage | None = None, after: Contact | None = None) -> Listing:
    """Fifty people at most: in the order of their ふりがな; those of a stage, unless searched, the latest first."""
    if stage is not None and stage > Stage.AWARE and not text:
        return _of_stage(stage, after)
    cursor = (after.kana_key, after.pk) if after is not None else None
    among = _standing_on(stage) if stage is not None else None
    found = search_contacts(text, after=cursor, limit=PAGE + 1, among=among)
    return Listing(_rows(found[:PAGE]), found[PAGE - 1] if len(found) > PAGE else None)


def _standing_on(stage: Stage) -> Callable[[Sequence[int]], set[int]]:
    """Which of some people stand on a stage; on the base, those who stand nowhere else."""

    def standing(ids: Sequence[int]) -> set[int]:
        positions = PyramidPosition.objects.filter(contact_id__in=ids)
        if stage > Stage.AWARE:
            return set(positions.filter(stage=stage).values_list("contact_id", flat=True))
        risen = set(positions.filter(stage__gt=Stage.AWARE).values_list("contact_id", flat=True))
        return set(ids) - risen

    return standing


def _of_stage(stage: Stage, after: Contact | None) -> Listing:
    position = PyramidPosition.objects.filter(contact=after, stage=stage).first() if after is not None else None
    cursor = (position.since, position.contact_id) if position else None
    found = people_in_stage(stage, after=cursor, limit=PAGE + 1)
    people = [position.contact for position in found[:PAGE]]
    return Listing(_rows(people), people[-1] if len(found) > PAGE else None)


def _rows(people: Sequence[Contact]) -> list[Row]:
    ids = [contact.pk for contact in people]
    positions = PyramidPosition.objects.in_bulk(ids)
    stopped = set(Suppression.objects.filter(contact_id__in=ids, lifted_at=None).values_list("contact_id", flat=True))
    prefetch_related_objects(people, "identities")
    return list(_described(people, positions, stopped))


def _described(people: Iterable[Contact], positions: dict[int, PyramidPosition], stopped: set[int]) -> Iterator[Row]:
    for contact in people:
        position = positions.get(contact.pk)
        stage = Stage(position.stage) if position else Stage.AWARE
        yield Row(contact, stage, position.since if position else None, contact.pk in stopped)
