"""What the back office asks about journeys."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from jouren.core.errors import UserError
from jouren.core.sql import load_sql
from jouren.journeys.models import EnrolmentState, Journey
from jouren.journeys.series.progress import SeriesStep, series_steps
from jouren.messaging.queries import run_of
from jouren.messaging.vocabulary import RunKind

_sql = load_sql("journeys")


@dataclass(frozen=True)
class StepFigures:
    """How one step stands: people there now; of its message sent, withheld, clicked (people); left from here."""

    here: int = 0
    sent: int = 0
    withheld: int = 0
    opened: int = 0
    clicked: int = 0
    left: int = 0


@dataclass(frozen=True)
class JourneyFigures:
    """How a journey stands, whole and by step id."""

    active: int
    finished: int
    left: int
    failed: int
    held_out: int
    steps: dict[str, StepFigures]
    series: dict[str, SeriesStep]


def figures(journey: Journey, version_id: int | None = None) -> JourneyFigures:
    """People per step, and what became of each step's messages, over all versions of the journey.

    With ``version_id``, those here now are the people on that version.
    """
    states: Counter[int] = Counter()
    steps: dict[str, Counter[str]] = defaultdict(Counter)
    for state, on_version, step, people in _sql.all("people_by_step", {"journey_id": journey.pk}):
        states[state] += people
        if step is not None and state == EnrolmentState.ACTIVE and version_id in {None, on_version}:
            steps[str(step)]["here"] += people
        if step is not None and state == EnrolmentState.LEFT:
            steps[str(step)]["left"] += people
    series = series_steps(journey.pk)
    step_of = {item: step for step, sending in series.items() for item in sending.items}
    for step, sent, withheld, opened, clicked in _sql.all(
        "deliveries_by_step", {"run_id": run_of(RunKind.JOURNEY, str(journey.pk))}
    ):
        steps[step_of.get(step, step)].update(sent=sent, withheld=withheld, opened=opened, clicked=clicked)
    return JourneyFigures(
        active=states[EnrolmentState.ACTIVE],
        finished=states[EnrolmentState.FINISHED],
        left=states[EnrolmentState.LEFT],
        failed=states[EnrolmentState.FAILED],
        held_out=states[EnrolmentState.HELD_OUT],
        steps={step: StepFigures(**counts) for step, counts in steps.items()},
        series=series,
    )


@dataclass(frozen=True)
class Walk:
    """One person's walk through one journey, for their page."""

    journey_id: int
    journey: str
    version_id: int
    occurrence: int
    state: int
    step: str | None
    entered_at: datetime
    due_at: datetime | None
    ended_at: datetime | None
    reason: str


def walks_of(contact_id: int) -> list[Walk]:
    """All walks of a person, the latest first."""
    return [Walk(*row) for row in _sql.all("walks_of", {"contact_id": contact_id})]


def find_journey(text: str) -> Journey:
    """The journey of that number, or name. Raises UserError when there is none, or several have the name."""
    found = Journey.objects.filter(pk=int(text)) if text.isascii() and text.isdigit() else Journey.objects.none()
    found = found or Journey.objects.filter(name=text) or Journey.objects.filter(name__icontains=text)
    if len(found) != 1:
        known = ", ".join(f"{journey.pk} {journey.name}" for journey in found or Journey.objects.all()[:20])
        message = (
            _("Several journeys have this name. Give the number: %(known)s")
            if found
            else _("There is no journey “%(text)s”. There are: %(known)s")
        )
        raise UserError(message % {"text": text[:100], "known": known or "-"})
    return found[0]
