"""What screens and loops read of broadcasts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime

from jouren.broadcasts.models import Issue
from jouren.broadcasts.statistics import Tally
from jouren.broadcasts.vocabulary import Metric
from jouren.core import clock
from jouren.core.sql import load_sql

_sql = load_sql("broadcasts")


@dataclass(frozen=True, slots=True)
class LetterFigures:
    """What became of a letter, in deliveries. ``not_sent``: withheld or failed; ``unsure``: may have arrived; opens and
    clicks are people's, machines are left out; ``farewells``: unsubscribed within a week after it."""

    planned: int = 0
    sent: int = 0
    unsure: int = 0
    not_sent: int = 0
    opened: int = 0
    clicked: int = 0
    farewells: int = 0
    replied: int = 0
    bounced: int = 0

    @property
    def delivered(self) -> int:
        """Sent, and not come back."""
        return self.sent - self.bounced

    def __add__(self, other: LetterFigures) -> LetterFigures:
        names = [each.name for each in fields(self)]
        return LetterFigures(**{name: getattr(self, name) + getattr(other, name) for name in names})


def letter_figures(version_ids: Iterable[int]) -> dict[int, LetterFigures]:
    """The figures of these letters, by the ids of their versions."""
    ids = list(version_ids)
    bounced = dict(_sql.all("bounces", {"version_ids": ids}))
    rows = _sql.all("letter_figures", {"version_ids": ids})
    return {version_id: LetterFigures(*[*counts, bounced.get(version_id, 0)]) for version_id, *counts in rows}


def tallies_of(issue: Issue, metric: str) -> list[Tally]:
    """What the test of an issue has counted until now, for each of its variants in order."""
    version_ids = [letter.version_id for letter in issue.letters.filter(is_again=False)]
    figures = letter_figures(version_ids)
    return [
        Tally(each.delivered, min(each.delivered, each.clicked if metric == Metric.CLICK else each.opened))
        for each in (figures[version_id] for version_id in version_ids)
    ]


def next_due() -> datetime | None:
    """When the next issue begins, or goes on, from now on."""
    row = _sql.one("next_due", {"now": clock.now()})
    return row[0] if row else None


def is_busy() -> bool:
    """Whether an issue should begin, or go on, now."""
    row = _sql.one("is_busy", {"now": clock.now()})
    return bool(row and row[0])
