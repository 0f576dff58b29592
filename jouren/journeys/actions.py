"""What changes journeys: freezing a version at publishing, retiring it, enrolling and releasing people by hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from jouren.core import clock
from jouren.core.errors import UserError
from jouren.core.sql import load_sql
from jouren.core.wake import wake
from jouren.journeys.compiler import compile_journey, fingerprint
from jouren.journeys.engine import CHANNEL
from jouren.journeys.models import Journey, JourneyVersion
from jouren.journeys.program import SCHEMA
from jouren.journeys.reactions import enrol_contacts
from jouren.journeys.versions import load_version
from jouren.messaging.actions import create_run, hold_run, release_run
from jouren.messaging.vocabulary import RunKind

_sql = load_sql("journeys")


class NotPublished(UserError):
    """Nobody can enter a journey that is not published."""


@transaction.atomic
def freeze_version(journey: Journey, *, revision_id: int | None = None) -> JourneyVersion:
    """Validate and compile a journey into a new live version, and take everybody in it along.

    Publishing what is live already changes nothing. People keep their place and the time they have waited counts; those
    whose step is gone go on at the step that follows it. A step put in before where somebody stands is not made up for.

    Raises:
        JourneyProblem: the journey cannot run as it stands.
    """
    compiled = compile_journey(journey)
    # Two publishings at once: the second waits here, and sees the first one's version.
    Journey.objects.select_for_update().get(pk=journey.pk)
    latest = JourneyVersion.objects.filter(journey=journey).order_by("-number").first()
    if latest is not None and latest.live and latest.hash == fingerprint(compiled):
        return latest
    JourneyVersion.objects.filter(journey=journey, live=True).update(live=False)
    version = JourneyVersion.objects.create(
        journey=journey,
        number=latest.number + 1 if latest else 1,
        revision_id=revision_id,
        compiled=compiled,
        schema=SCHEMA,
        hash=fingerprint(compiled),
        run=create_run(RunKind.JOURNEY, journey.name, reference=str(journey.pk)),
        created_at=clock.now(),
    )
    _take_along(version, latest)
    release_run(version.run_id)
    return version


def _take_along(version: JourneyVersion, former: JourneyVersion | None) -> None:
    instead = surviving_steps(former.compiled, version.compiled) if former else {}
    _sql.run(
        "move_to_version",
        {
            "journey_id": version.journey_id,
            "version_id": version.pk,
            "gone": [UUID(step) for step in instead],
            "instead": [UUID(step) if step else None for step in instead.values()],
            "now": clock.now(),
        },
    )
    wake(CHANNEL)


def surviving_steps(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, str | None]:
    """For each step of ``old`` that ``new`` lacks: the first step after it that is left, or None for the end.

    After a fork that is gone, its people go on where its ways meet.
    """
    return {step: _following(step, old, new) for step in old["steps"] if step not in new["steps"]}


def _following(step_id: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> str | None:
    current: str | None = step_id
    while current is not None and current not in new["steps"]:
        step = old["steps"][current]
        current = step["next"] if "next" in step else step.get("else")  # forks of schema 1 have no "next"
    return current


@transaction.atomic
def retire_versions(journey: Journey) -> None:
    """Let nobody enter any more; those inside stand still until the journey is published again.

    So do the messages that are planned and not yet being handed over.
    """
    JourneyVersion.objects.filter(journey=journey, live=True).update(live=False)
    _sql.run("stand_still", {"journey_id": journey.pk})
    for run_id in set(journey.versions.values_list("run_id", flat=True)):
        hold_run(run_id)


@transaction.atomic
def enrol_by_hand(journey: Journey, contact_ids: Iterable[int]) -> list[int]:
    """Start these people's walk now. Returns those who did enter (not those who are in it, or were and may not again).

    Raises:
        NotPublished: the journey has no live version.
    """
    live = JourneyVersion.objects.filter(journey=journey, live=True).first()
    if live is None:
        raise NotPublished(_("The journey “%(name)s” is not published.") % {"name": journey})
    entered = enrol_contacts(load_version(live.pk), dict.fromkeys(sorted(set(contact_ids)), ""), clock.now())
    wake(CHANNEL)
    return entered
