"""What moves people in the pyramid."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.utils.translation import gettext as _
from wagtail.log_actions import log

from jouren.contacts.models import Contact
from jouren.contacts.queries import canonical_id, canonical_ids
from jouren.core import clock
from jouren.core.sql import load_sql
from jouren.events.actions import NewEvent, record_events
from jouren.pyramid.errors import UnknownStage
from jouren.pyramid.models import ChangeReason, PyramidChange, PyramidPosition
from jouren.pyramid.policies import Cause, climb, steps_between
from jouren.pyramid.stages import Stage

_sql = load_sql("pyramid")


@dataclass(frozen=True, slots=True)
class Move:
    """Somebody puts a person on ``stage``, up or down, ``at`` a moment (aware)."""

    contact_id: int
    stage: Stage
    reason: str
    at: datetime
    by_id: int | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One passed stage. ``event_id`` None: somebody put the person there."""

    contact_id: int
    start: Stage
    end: Stage
    at: datetime
    reason: str
    event_id: int | None = None
    by_id: int | None = None
    historical: bool = False


def change_stage(
    contact_id: int, stage: int, reason: str = ChangeReason.STAFF, *, by: AbstractBaseUser | None = None
) -> bool:
    """Put a person on a stage, up or down. Returns False when they stand there or are no longer here.

    Raises:
        UnknownStage: ``stage`` is not 1 to 5.
    """
    if stage not in Stage.values:
        raise UnknownStage(_("There is no stage %(stage)s.") % {"stage": stage})
    own_id = canonical_id(contact_id)
    with transaction.atomic():
        by_id = by.pk if by is not None else None
        steps = move_contacts([Move(own_id, Stage(stage), str(reason), clock.now(), by_id=by_id)])
        if steps and by is not None:
            contact = Contact.objects.get(pk=steps[0].contact_id)
            data = {"from": steps[0].start.value, "to": stage}
            log(instance=contact, action="pyramid.change_stage", user=by, data=data, title=str(contact.public_id))
    return bool(steps)


def change_stages(contact_ids: Iterable[int], stage: int, reason: str = ChangeReason.JOURNEY) -> int:
    """:func:`change_stage` for many at once, in a few statements. Returns how many people moved."""
    if stage not in Stage.values:
        raise UnknownStage(_("There is no stage %(stage)s.") % {"stage": stage})
    now = clock.now()
    steps = move_contacts([Move(contact_id, Stage(stage), str(reason), now) for contact_id in set(contact_ids)])
    return len({step.contact_id for step in steps})


@transaction.atomic
def move_contacts(moves: Sequence[Move]) -> list[Step]:
    """Carry out moves, at most one a person: history, positions and ``stage.entered`` events, a few statements in all.

    Somebody who was merged a moment ago moves as the person they became.
    """
    if not moves:
        return []
    known = _lock_positions([move.contact_id for move in moves])
    steps = [
        Step(move.contact_id, start, end, move.at, move.reason, by_id=move.by_id)
        for move in moves
        if move.contact_id in known
        for start, end in steps_between(known[move.contact_id].stage, move.stage)
    ]
    _store(steps)
    return steps + _follow_merges([move for move in moves if move.contact_id not in known])


def _follow_merges(moves: Sequence[Move]) -> list[Step]:
    became = canonical_ids([move.contact_id for move in moves]) if moves else {}
    followed = [replace(move, contact_id=became[move.contact_id]) for move in moves if move.contact_id in became]
    return [step for move in followed for step in move_contacts([move])]


@transaction.atomic
def promote_contacts(causes: Mapping[int, Sequence[Cause]]) -> list[Step]:
    """Lift people, each to the highest stage among their causes, never down; whoever is not present stays out.

    Each stage is entered when its first cause happened, in whatever order the causes become known: one that comes late
    moves back what was entered after it, unless somebody has put the person elsewhere since.
    """
    known = _lock_positions(list(causes))
    late = [
        (contact_id, cause)
        for contact_id, position in known.items()
        for cause in causes[contact_id]
        if position.since is not None and cause.at < position.since
    ]
    if late:
        _antedate(late)
    steps = [
        Step(contact_id, start, end, cause.at, cause.reason_for(end), cause.event_id, historical=cause.historical)
        for contact_id, position in known.items()
        for start, end, cause in climb(position.stage, causes[contact_id])
    ]
    _store(steps)
    return steps


class _Position(NamedTuple):
    stage: Stage
    since: datetime | None


def _lock_positions(contact_ids: Sequence[int]) -> dict[int, _Position]:
    """Where those of the people stand who are present, locked until the transaction ends."""
    wanted = {"contact_ids": contact_ids}
    present = [contact_id for (contact_id,) in _sql.all("lock_people", wanted)] if contact_ids else []
    held = {row[0]: _Position(Stage(row[1]), row[2]) for row in _sql.all("positions", wanted)} if present else {}
    return {contact_id: held.get(contact_id, _Position(Stage.AWARE, None)) for contact_id in present}


def _antedate(late: Sequence[tuple[int, Cause]]) -> None:
    _sql.run(
        "antedate",
        {
            "contact_ids": [contact_id for contact_id, _cause in late],
            "stages": [cause.stage.value for _contact_id, cause in late],
            "at": [cause.at for _contact_id, cause in late],
            "reasons": [cause.reason for _contact_id, cause in late],
            "passing_reasons": [cause.passing_reason for _contact_id, cause in late],
            "event_ids": [cause.event_id for _contact_id, cause in late],
        },
    )


def _store(steps: Sequence[Step]) -> None:
    if not steps:
        return
    _sql.run(
        "record_changes",
        {
            "contact_ids": [step.contact_id for step in steps],
            "from_stages": [step.start.value for step in steps],
            "to_stages": [step.end.value for step in steps],
            "at": [step.at for step in steps],
            "reasons": [step.reason for step in steps],
            "event_ids": [step.event_id for step in steps],
            "by_ids": [step.by_id for step in steps],
        },
    )
    last = {step.contact_id: step for step in steps}
    _sql.run(
        "set_positions",
        {
            "contact_ids": list(last),
            "stages": [step.end.value for step in last.values()],
            "since": [step.at for step in last.values()],
        },
    )
    record_events([_entered(step) for step in steps])


def _entered(step: Step) -> NewEvent:
    payload: dict[str, Any] = {"from": step.start.value, "to": step.end.value, "reason": step.reason}
    return NewEvent("stage.entered", step.contact_id, payload, occurred_at=step.at, historical=step.historical)


def merge_positions(kept_id: int, gone_id: int) -> None:
    """Give the kept one of two merged people the history of both and the higher of their stages."""
    PyramidChange.objects.filter(contact_id=gone_id).update(contact_id=kept_id)
    _sql.run("merge_positions", {"kept_id": kept_id, "gone_id": gone_id})


def forget_positions(contact_ids: Sequence[int]) -> None:
    """Erased people stand nowhere; their anonymous history stays for the figures."""
    PyramidPosition.objects.filter(contact_id__in=contact_ids).delete()
