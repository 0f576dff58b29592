"""Figures for screens, which must open at once: of a journey whatever its size, of the control group of any shop.

Those of a small journey or shop are counted while somebody waits. Those of a large one are counted by a job, whole, and
kept with their moment. A look at kept ones that are old has them counted anew. Counting whole is what makes them right:
whatever was merged, erased, told late or published since is in the next count, and no sum has to be mended.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Generic, Protocol, TypeVar

from django.db import connection, transaction
from django.db.models import Q

from jouren.core import clock
from jouren.core.plain import from_plain, to_plain
from jouren.core.sql import load_sql
from jouren.journeys.history import people_on_versions
from jouren.journeys.models import Journey, JourneyVersion
from jouren.journeys.queries import JourneyFigures, figures
from jouren.journeys.results import Counts, count_results
from jouren.messaging.control_group.models import ControlGroup
from jouren.messaging.control_group.queries import stored_group
from jouren.messaging.control_group.results import ControlCounts, count_control
from jouren.messaging.queries import help_and_ask_of_run, run_of
from jouren.messaging.sending_rules.readiness import HelpAndAsk
from jouren.messaging.vocabulary import RunKind
from jouren.reports.models import KeptFigures
from jouren.reports.queries import Period, Report, make_report

MOST_AT_ONCE = 20_000
"""A journey with more walks, or more messages, is large; and a shop with more people."""
FRESH = timedelta(minutes=5)
"""So long at least kept figures are shown before they are counted anew."""
_PAUSES = 30  # counting takes at most one part in so many of a worker's time
_LOST = timedelta(minutes=30)  # after that a count that was asked for is thought to have failed
_MOST_WAITING = 50
_KEPT_DAYS = 7
_sql = load_sql("reports")
T = TypeVar("T")


class ShopQuestion(Protocol):
    """What is counted of the whole shop. ``text`` is a JSON list whose first member is its registered name."""

    fresh: timedelta

    @property
    def text(self) -> str: ...

    @property
    def is_large(self) -> bool: ...

    def count(self) -> Any: ...


_readers: dict[str, Callable[[str], ShopQuestion]] = {}
_ahead: list[Callable[[], ShopQuestion]] = []


def register_shop_question(
    name: str, read: Callable[[str], ShopQuestion], ahead: Callable[[], ShopQuestion] | None = None
) -> None:
    """Add a kind of question about the whole shop: how its text is read, and which one to answer for the morning."""
    _readers[name] = read
    if ahead is not None:
        _ahead.append(ahead)


def answer_of(question: ShopQuestion, kind: type[T]) -> Kept[T]:
    """The answer: counted now in a small shop, by a job in a large one."""
    return _look_up(question, kind)


@dataclass(frozen=True)
class Standing:
    """How a journey stands: people and messages by step, what it brings, and who is on which version (by its id)."""

    figures: JourneyFigures
    results: Counts | None
    balance: HelpAndAsk
    on_versions: Counter[int]


@dataclass(frozen=True)
class ControlQuestion:
    """What is counted of the whole shop: the control group of a share, begun at a moment, each person for some days."""

    since: datetime
    share: int
    days: int
    fresh = FRESH

    @property
    def text(self) -> str:
        """The same text for the same question."""
        return json.dumps([self.since.isoformat(), self.share, self.days])

    @classmethod
    def read(cls, text: str) -> ControlQuestion:
        """The question of a text."""
        since, share, days = json.loads(text)
        return cls(datetime.fromisoformat(since), share, days)

    @property
    def is_large(self) -> bool:
        """Whether the shop has more people than are counted while somebody waits."""
        return is_large_shop()

    def count(self) -> ControlCounts:
        """The answer, counted now."""
        return count_control(self.since, self.share, self.days)


@dataclass(frozen=True)
class Question:
    """What is counted: how a journey stands, or its report of some days. ``version``: its id, None of none, or all."""

    journey: Journey
    version: JourneyVersion | None = None
    period: Period | None = None
    fresh = FRESH

    @property
    def text(self) -> str:
        """The same text for the same question, for one journey."""
        days = self.period and [each and each.isoformat() for each in (self.period.since, self.period.until)]
        return json.dumps([self.version and self.version.pk, days])

    @classmethod
    def read(cls, journey: Journey, text: str) -> Question:
        """The question of a text."""
        version_id, days = json.loads(text)
        version = None if version_id is None else JourneyVersion.objects.filter(pk=version_id).first()
        return cls(journey, version, days and Period(*(each and date.fromisoformat(each) for each in days)))

    @property
    def is_large(self) -> bool:
        """Whether the journey's figures are kept."""
        return is_large(self.journey)

    def count(self) -> Standing | Report:
        """The answer, counted now."""
        if self.period is not None:
            return make_report(self.journey, self.version, self.period)
        journey, version = self.journey, self.version
        return Standing(
            figures(journey, version.pk if version else None),
            count_results(journey, version.compiled) if version else None,
            help_and_ask_of_run(RunKind.JOURNEY, str(journey.pk)),
            people_on_versions(journey),
        )


@dataclass(frozen=True)
class Kept(Generic[T]):
    """An answer. ``as_of`` None: it was counted just now. ``answer`` None: it is being counted for the first time.

    ``is_counted_anew``: a job has been asked for a newer one.
    """

    answer: T | None
    as_of: datetime | None = None
    is_counted_anew: bool = False


def standing_of(journey: Journey, version: JourneyVersion | None) -> Kept[Standing]:
    """How a journey stands, its goal and the people at its steps by one of its versions."""
    return _look_up(Question(journey, version), Standing)


def report_of(journey: Journey, version: JourneyVersion | None, period: Period) -> Kept[Report]:
    """A journey's report, of the people on a version or of all."""
    return _look_up(Question(journey, version, period), Report)


def control_counts(group: ControlGroup) -> Kept[ControlCounts] | None:
    """What both sides of a control group did so far; None where nobody is in it."""
    question = _question_of(group)
    return None if question is None else _look_up(question, ControlCounts)


def _question_of(group: ControlGroup) -> ControlQuestion | None:
    if not group.share or group.since is None:
        return None
    return ControlQuestion(group.since, group.share, group.days)


def last_standings(journey_ids: Collection[int]) -> dict[int, Standing | None]:
    """How these journeys stood when they were last counted, whatever by; None of one that was not."""
    rows = KeptFigures.objects.filter(journey_id__in=journey_ids, as_of__isnull=False, question__endswith=", null]")
    found: dict[int, Standing | None] = dict.fromkeys(journey_ids)
    for row in rows.order_by("as_of"):
        if row.journey_id is not None and (answer := _answer(row, Standing).answer):
            found[row.journey_id] = answer
    return found


def is_large(journey: Journey) -> bool:
    """Whether a journey's figures are kept."""
    row = _sql.one(
        "is_large", {"journey_id": journey.pk, "run_id": run_of(RunKind.JOURNEY, str(journey.pk)), "most": MOST_AT_ONCE}
    )
    return bool(row and row[0])


def is_large_shop() -> bool:
    """Whether the shop has more people than are counted while somebody waits."""
    row = _sql.one("is_large_shop", {"most": MOST_AT_ONCE})
    return bool(row and row[0])


def _look_up(question: Question | ShopQuestion, kind: type[T]) -> Kept[T]:
    if not question.is_large:
        answer: T = question.count()  # type: ignore[assignment]
        return Kept(answer)
    kept = KeptFigures.objects.filter(journey=_journey_of(question), question=question.text).first()
    found = _answer(kept, kind)
    if kept is None or found.as_of is None or _is_old(kept, found.as_of, question.fresh):
        _ask(question)
        return replace(found, is_counted_anew=True)
    return found


def _answer(kept: KeptFigures | None, kind: type[T]) -> Kept[T]:
    if kept is None or kept.as_of is None:
        return Kept(None)
    try:
        return Kept(from_plain(kind, kept.figures), kept.as_of)
    except (KeyError, TypeError, ValueError):  # another version of Jouren kept it in another shape
        return Kept(None)


def _journey_of(question: Question | ShopQuestion) -> Journey | None:
    return question.journey if isinstance(question, Question) else None


def _is_old(kept: KeptFigures, as_of: datetime, fresh: timedelta) -> bool:
    return clock.now() - as_of >= max(fresh, timedelta(seconds=kept.seconds * _PAUSES))


@transaction.atomic
def _ask(question: Question | ShopQuestion) -> None:
    """Have a question answered by a job, unless one is at it; when many wait already, somebody else's look does it."""
    from jouren.reports.tasks import count

    journey = _journey_of(question)
    row = _sql.one(
        "ask_for_count",
        {
            "journey_id": journey and journey.pk,
            "question": question.text,
            "now": clock.now(),
            "lost": _LOST,
            "most": _MOST_WAITING,
        },
    )
    if row is not None:
        count.defer(kept_id=row[0])


def count_kept(kept_id: int) -> None:
    """Answer a question that was asked, as of one moment."""
    kept = KeptFigures.objects.select_related("journey").filter(pk=kept_id).first()
    if kept is None:
        return
    began = time.monotonic()
    with _one_moment():
        as_of = clock.now()
        journey = kept.journey
        asked = Question.read(journey, kept.question) if journey else _read_shop_question(kept.question)
        answer = asked.count()
    KeptFigures.objects.filter(pk=kept_id).update(
        figures=to_plain(answer), as_of=as_of, seconds=time.monotonic() - began, asked_at=None
    )


def _read_shop_question(text: str) -> ShopQuestion:
    return _readers.get(json.loads(text)[0], ControlQuestion.read)(text)


@contextmanager
def _one_moment() -> Iterator[None]:
    """All statements see the same rows, so that the parts of an answer fit together."""
    is_outermost = not connection.in_atomic_block
    with transaction.atomic():
        if is_outermost:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield


def count_ahead() -> None:
    """Have every large journey that people enter counted, so that its screen has something to show in the morning; and
    what is asked of the whole of a large shop.
    """
    for version in JourneyVersion.objects.filter(live=True).select_related("journey"):
        if is_large(version.journey):
            _ask(Question(version.journey, version))
    control = _question_of(stored_group())
    for asked in [*([control] if control else []), *(ahead() for ahead in _ahead)]:
        if asked.is_large:
            _ask(asked)


def forget_kept() -> int:
    """Delete what nobody has looked at for some days. Returns how much that was."""
    before = clock.now() - timedelta(days=_KEPT_DAYS)
    is_over = Q(as_of__lt=before) | Q(as_of=None, asked_at__lt=before)
    return KeptFigures.objects.filter(is_over).delete()[0]
