"""What became of a journey in some time: by step, over all its versions or on one of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from jouren.core.sql import load_sql
from jouren.journeys.conversions import conversion_of
from jouren.journeys.models import EnrolmentState, Journey, JourneyVersion
from jouren.journeys.results import Sent, StepSuccesses, count_steps
from jouren.journeys.series.progress import series_steps
from jouren.messaging.queries import run_of
from jouren.messaging.replies import are_replies_known
from jouren.messaging.vocabulary import RunKind
from jouren.reports.durations import quantile

_sql = load_sql("reports")
_FIGURES = ("sent", "bounced", "opened", "clicked", "replied", "unsubscribed", "withheld")


@dataclass
class StepReport:
    """How one step stands.

    ``here``: people there now; ``went``: those who went on, by the step they went on to (None: the end); ``left``:
    those who left the journey here. ``median`` and ``late``: the seconds that half, and nine tenths, of those who went
    on had been here at most. Of its message: ``sent``, ``bounced``, ``opened`` and ``clicked`` by people, ``replied``
    to, ``unsubscribed`` through its links, ``withheld``; ``successes``: what stands at it as the last message before.
    """

    here: int = 0
    left: int = 0
    went: Counter[str | None] = field(default_factory=Counter)
    median: float | None = None
    late: float | None = None
    sent: int = 0
    bounced: int = 0
    opened: int = 0
    clicked: int = 0
    replied: int = 0
    unsubscribed: int = 0
    withheld: int = 0
    successes: StepSuccesses = field(default_factory=StepSuccesses)

    @property
    def came(self) -> int:
        """How many people came here."""
        return self.here + self.left + self.went.total()

    @property
    def delivered(self) -> int:
        """How many of the sent messages did not come back."""
        return self.sent - self.bounced


@dataclass(frozen=True)
class Period:
    """From the first to the last day, both included; None: open."""

    since: date | None = None
    until: date | None = None

    def moments(self, zone: ZoneInfo) -> dict[str, datetime | None]:
        """The same as moments, from (included) and to (not)."""
        since = datetime.combine(self.since, time(), zone) if self.since else None
        until = datetime.combine(self.until + timedelta(days=1), time(), zone) if self.until else None
        return {"from": since, "to": until}


@dataclass(frozen=True)
class Report:
    """A journey's figures. ``counted_since``: the first day of which ways and times are known; None of none.

    ``goal``: the version by whose goal successes are counted; None where that is a click, which has its own figure.
    ``counts_replies``: whether a number of replies means something (:func:`are_replies_known`).
    """

    entered: int
    active: int
    finished: int
    left: int
    failed: int
    counted_since: date | None
    goal: int | None
    steps: Mapping[str, StepReport]
    counts_replies: bool = False

    @property
    def counts_yen(self) -> bool:
        """Whether a success is a purchase, and the yen of it are known."""
        return any(step.successes.yen is not None for step in self.steps.values())

    def step(self, step_id: str) -> StepReport:
        """One step's figures; nothing of one that nobody has come to."""
        return self.steps.get(step_id) or StepReport()


def make_report(
    journey: Journey,
    version: JourneyVersion | None = None,
    period: Period | None = None,
    *,
    progress: Callable[[int], None] = lambda percent: None,
) -> Report:
    """The report of a journey; ``version``: of the people who are on that version. ``progress`` hears per cents.

    Successes are counted by the goal of that version, or of the one that people enter now.
    """
    period = period or Period()
    asked: dict[str, Any] = {
        "journey_id": journey.pk,
        "version_id": version.pk if version else None,
        **period.moments(ZoneInfo(journey.zone)),
    }
    versions = [version.pk] if version else list(journey.versions.values_list("pk", flat=True))
    days = {"versions": versions, "since": period.since, "until": period.until}
    steps: defaultdict[str, StepReport] = defaultdict(StepReport)
    states, entered = _people(asked, steps)
    progress(30)
    _passages(days, steps)
    progress(50)
    _deliveries(asked, steps)
    progress(70)
    goal = _successes(journey, version, asked, steps)
    progress(90)
    first = _sql.one("counted_since", {"versions": versions})
    return Report(
        entered=entered,
        active=states[EnrolmentState.ACTIVE],
        finished=states[EnrolmentState.FINISHED],
        left=states[EnrolmentState.LEFT],
        failed=states[EnrolmentState.FAILED],
        counted_since=first[0] if first else None,
        goal=goal,
        steps=dict(steps),
        counts_replies=are_replies_known(),
    )


def _people(asked: Mapping[str, Any], steps: defaultdict[str, StepReport]) -> tuple[Counter[int], int]:
    states: Counter[int] = Counter()
    entered = 0
    for state, step, people, entries in _sql.all("people", asked):
        if state == EnrolmentState.HELD_OUT:  # the control group never walks
            continue
        states[state] += people
        entered += entries
        if step is not None and state == EnrolmentState.ACTIVE:
            steps[step].here += people
        elif step is not None and state in {EnrolmentState.LEFT, EnrolmentState.FAILED}:
            steps[step].left += people
    return states, entered


def _passages(days: Mapping[str, Any], steps: defaultdict[str, StepReport]) -> None:
    lengths: defaultdict[str, Counter[int]] = defaultdict(Counter)
    for step, following, bucket, people in _sql.all("passages", days):
        steps[step].went[following] += people
        lengths[step][bucket] += people
    for step, counts in lengths.items():
        steps[step].median, steps[step].late = quantile(counts, 0.5), quantile(counts, 0.9)


def _deliveries(asked: Mapping[str, Any], steps: defaultdict[str, StepReport]) -> None:
    name = "deliveries" if asked["version_id"] is None else "deliveries_of_version"
    step_of = {item: step for step, sending in series_steps(asked["journey_id"]).items() for item in sending.items}
    run_ids = [run_of(RunKind.JOURNEY, str(asked["journey_id"]))]
    for step, *counts in _sql.all(name, {**asked, "run_ids": run_ids}):
        here = steps[step_of.get(step, step)]  # what a series sends bears the id of its item
        for figure, count in zip(_FIGURES, counts, strict=True):
            setattr(here, figure, getattr(here, figure) + count)


def _successes(
    journey: Journey, version: JourneyVersion | None, asked: Mapping[str, Any], steps: defaultdict[str, StepReport]
) -> int | None:
    by = version or journey.versions.order_by("-live", "-number").first()
    if by is None or conversion_of(by.compiled) is None:
        return None
    sent = Sent(asked["version_id"], asked["from"], asked["to"])
    for step, successes in count_steps(journey, by.compiled, sent).items():
        steps[step].successes = successes
    return by.pk
