"""What changes journeys: freezing a version at publishing, retiring it, moving, enrolling and releasing people."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.utils.translation import gettext as _
from wagtail.log_actions import log

from jouren.core import clock
from jouren.core.errors import UserError
from jouren.core.sql import load_sql
from jouren.core.wake import wake
from jouren.journeys.checking import checked_program
from jouren.journeys.engine import CHANNEL
from jouren.journeys.locks import lock_journey, lock_walks, trying_again
from jouren.journeys.models import Entries, Inside, Journey, JourneyVersion
from jouren.journeys.moving import move_people
from jouren.journeys.policies import fingerprint
from jouren.journeys.program import SCHEMA
from jouren.journeys.reactions import enrol_contacts, open_pause
from jouren.journeys.versions import endings_of, load_version
from jouren.messaging.actions import create_run, hold_run, release_run
from jouren.messaging.vocabulary import RunKind

_sql = load_sql("journeys")
User = AbstractBaseUser


class NotPublished(UserError):
    """Nobody can enter a journey that is not published."""


class IsPaused(UserError):
    """Nobody can enter a journey that is paused and turns people away."""


def freeze_version(
    journey: Journey, *, revision_id: int | None = None, inside: Inside = Inside.MOVE, by: User | None = None
) -> JourneyVersion:
    """Validate and compile a journey into a new live version.

    ``inside`` says what becomes of the people on the version that ran until now. Those who move keep their place, and
    the time they have waited counts; whose step is gone goes on at the step that follows it; a step put in before where
    somebody stands is not made up for. Publishing what is live already makes no new version.

    A paused journey stays paused. One that was not published goes on.

    Raises:
        JourneyProblem: the journey cannot run as it stands.
    """
    compiled = checked_program(journey)
    return trying_again(lambda: _freeze(journey, compiled, revision_id, inside, by))


def _freeze(
    journey: Journey, compiled: dict[str, Any], revision_id: int | None, inside: Inside, by: User | None
) -> JourneyVersion:
    # Two publishings at once: the second waits here, and sees the first one's version.
    lock_journey(journey.pk)
    now = clock.now()
    former = JourneyVersion.objects.filter(journey=journey).order_by("-number").first()
    stood_still = stands_still(journey)
    version = former
    if former is None or not former.live or former.hash != fingerprint(compiled):
        JourneyVersion.objects.filter(journey=journey, live=True).update(live=False)
        version = JourneyVersion.objects.create(
            journey=journey,
            number=former.number + 1 if former else 1,
            revision_id=revision_id,
            compiled=compiled,
            content=journey.serializable_data(),
            schema=SCHEMA,
            hash=fingerprint(compiled),
            run=create_run(RunKind.JOURNEY, journey.name, reference=str(journey.pk)),
            inside=inside,
            published_by_id=by.pk if by else None,
            may_end_early=bool(compiled["goal"] or compiled["exits"]),
            ends_on=sorted({ending["event"] for ending in endings_of(compiled)}),
            created_at=now,
        )
    assert version is not None
    if inside == Inside.MOVE_ALL:
        _move(version, _others_with_people(version), now, by)
    elif inside == Inside.MOVE and former is not None and former != version:
        _move(version, [former], now, by)
    if stood_still and not stands_still(journey):
        lock_walks(journey.pk)
        _sql.run("go_on", {"journey_id": journey.pk, "now": now})
        release_run(version.run_id)
    wake(CHANNEL)
    return version


def _others_with_people(version: JourneyVersion) -> list[JourneyVersion]:
    ids = {row[0] for row in _sql.all("active_versions", {"journey_id": version.journey_id})} - {version.pk}
    return list(JourneyVersion.objects.filter(pk__in=ids).order_by("number"))


def _move(target: JourneyVersion, origins: Iterable[JourneyVersion], now: datetime, by: User | None) -> int:
    lock_walks(target.journey_id)
    still = stands_still(target.journey)
    moved = {origin.number: move_people(origin, target, now, stands_still=still) for origin in origins}
    if any(moved.values()):
        data = {"version": target.number, "people": sum(moved.values()), "from": sorted(moved)}
        log(instance=target.journey, action="journeys.move", user=by, data=data)
    return sum(moved.values())


def stands_still(journey: Journey) -> bool:
    """Whether nobody goes on in a journey: it is paused, or not published."""
    return bool(_sql.all("standing_still", {"journey_ids": [journey.pk]}))


def move_to_current(journey: Journey, *, by: User | None = None) -> int:
    """Let those who were to finish on older versions go on in the one that is live. Returns how many moved.

    Raises:
        NotPublished: the journey has no live version.
    """

    def move() -> int:
        lock_journey(journey.pk)
        live = live_version(journey)
        moved = _move(live, _others_with_people(live), clock.now(), by)
        wake(CHANNEL)
        return moved

    return trying_again(move)


def retire_versions(journey: Journey) -> None:
    """Let nobody enter any more; those inside stand still until the journey is published again.

    So do the messages that are planned and not yet being handed over.
    """

    def retire() -> None:
        lock_journey(journey.pk)
        JourneyVersion.objects.filter(journey=journey, live=True).update(live=False)
        lock_walks(journey.pk)
        _sql.run("stand_still", {"journey_id": journey.pk})
        for run_id in set(journey.versions.values_list("run_id", flat=True)):
            hold_run(run_id)

    trying_again(retire)


def live_version(journey: Journey) -> JourneyVersion:
    """The version that people enter. Raises NotPublished."""
    live = JourneyVersion.objects.filter(journey=journey, live=True).first()
    if live is None:
        raise NotPublished(_("The journey “%(name)s” is not published.") % {"name": journey})
    return live


def enterable_version(journey: Journey) -> JourneyVersion:
    """The version that people enter by hand now.

    Raises:
        NotPublished: the journey has no live version.
        IsPaused: it is paused, and lets nobody in.
    """
    live = live_version(journey)
    _pause_id, entries = open_pause(journey.pk) or (None, None)
    if entries == Entries.TURN_AWAY:
        raise IsPaused(
            _("The journey “%(name)s” is paused, and lets nobody in until it is resumed.") % {"name": journey}
        )
    return live


def enrol_by_hand(journey: Journey, contact_ids: Iterable[int]) -> list[int]:
    """Start these people's walk now. Returns those who did enter (not those who are in it, or were and may not again).

    Raises:
        NotPublished: the journey has no live version.
        IsPaused: it is paused, and lets nobody in.
    """

    def enrol() -> list[int]:
        version = load_version(enterable_version(journey).pk)
        entered = enrol_contacts(version, dict.fromkeys(sorted(set(contact_ids)), ""), clock.now())
        wake(CHANNEL)
        return entered

    return trying_again(enrol)
