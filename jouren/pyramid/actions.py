"""What moves people in the pyramid."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

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
from jouren.pyramid.policies import steps_between
from jouren.pyramid.stages import Stage

_sql = load_sql("pyramid")


@dataclass(frozen=True, slots=True)
class Move:
    """A person is to stand on ``stage``, because of ``reason``; stages in between are passed for ``passing_reason``.

    ``is_promotion``: only upwards; otherwise nothing happens. ``at`` (aware) is when the cause happened.
    """

    contact_id: int
    stage: Stage
    reason: str
    at: datetime
    passing_reason: str = ""
    is_promotion: bool = False
    event_id: int | None = None
    by_id: int | None = None
    historical: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One passed stage of a move."""

    move: Move
    start: Stage
    end: Stage

    @property
    def reason(self) -> str:
        """Why this stage was entered."""
        return self.move.reason if self.end == self.move.stage else self.move.passing_reason or self.move.reason


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
            contact = Contact.objects.get(pk=own_id)
            data = {"from": steps[0].start.value, "to": stage}
            log(instance=contact, action="pyramid.change_stage", user=by, data=data, title=str(contact.public_id))
    return bool(steps)


def change_stages(contact_ids: Iterable[int], stage: int, reason: str = ChangeReason.JOURNEY) -> int:
    """:func:`change_stage` for many at once, in a few statements. Returns how many people moved."""
    if stage not in Stage.values:
        raise UnknownStage(_("There is no stage %(stage)s.") % {"stage": stage})
    now = clock.now()
    steps = move_contacts([Move(contact_id, Stage(stage), str(reason), now) for contact_id in set(contact_ids)])
    return len({step.move.contact_id for step in steps})


@transaction.atomic
def move_contacts(moves: Sequence[Move]) -> list[Step]:
    """Carry out moves, at most one a person: history, positions and ``stage.entered`` events, a few statements in all.

    Somebody who was merged a moment ago moves as the person they became.
    """
    if not moves:
        return []
    wanted = {"contact_ids": [move.contact_id for move in moves]}
    present = {contact_id for (contact_id,) in _sql.all("lock_people", wanted)}
    stages = dict(_sql.all("positions", wanted))
    steps = [
        step
        for move in moves
        if move.contact_id in present
        for step in _steps(move, stages.get(move.contact_id, Stage.AWARE))
    ]
    if steps:
        _store(steps)
    return steps + _follow_merges([move for move in moves if move.contact_id not in present])


def _follow_merges(moves: Sequence[Move]) -> list[Step]:
    became = canonical_ids([move.contact_id for move in moves]) if moves else {}
    followed = [replace(move, contact_id=became[move.contact_id]) for move in moves if move.contact_id in became]
    return [step for move in followed for step in move_contacts([move])]


def _store(steps: Sequence[Step]) -> None:
    _sql.run(
        "record_changes",
        {
            "contact_ids": [step.move.contact_id for step in steps],
            "from_stages": [step.start.value for step in steps],
            "to_stages": [step.end.value for step in steps],
            "at": [step.move.at for step in steps],
            "reasons": [step.reason for step in steps],
            "event_ids": [step.move.event_id for step in steps],
            "by_ids": [step.move.by_id for step in steps],
        },
    )
    last = [step for step in steps if step.end == step.move.stage]
    _sql.run(
        "set_positions",
        {
            "contact_ids": [step.move.contact_id for step in last],
            "stages": [step.end.value for step in last],
            "since": [step.move.at for step in last],
        },
    )
    record_events([_entered(step) for step in steps])


def _steps(move: Move, current: int) -> list[Step]:
    if move.is_promotion and move.stage <= current:
        return []
    return [Step(move, start, end) for start, end in steps_between(Stage(current), move.stage)]


def _entered(step: Step) -> NewEvent:
    payload: dict[str, Any] = {"from": step.start.value, "to": step.end.value, "reason": step.reason}
    move = step.move
    return NewEvent("stage.entered", move.contact_id, payload, occurred_at=move.at, historical=move.historical)


def merge_positions(kept_id: int, gone_id: int) -> None:
    """Give the kept one of two merged people the history of both and the higher of their stages."""
    PyramidChange.objects.filter(contact_id=gone_id).update(contact_id=kept_id)
    _sql.run("merge_positions", {"kept_id": kept_id, "gone_id": gone_id})


def forget_positions(contact_ids: Sequence[int]) -> None:
    """Erased people stand nowhere; their anonymous history stays for the figures."""
    PyramidPosition.objects.filter(contact_id__in=contact_ids).delete()
