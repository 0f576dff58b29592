"""Silence: a newsletter that used to come at a regular pace and has stopped. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from statistics import median

LEAST_ISSUES = 3
LOOKED_AT = 10
FACTOR = 2


@dataclass(frozen=True, slots=True)
class Pace:
    """How a topic is written about. ``usual`` is the median of its last gaps, None where nothing is usual yet."""

    last: date
    issues: int
    usual: timedelta | None
    silent_for: timedelta

    @property
    def is_silent(self) -> bool:
        """Whether it has been quiet for more than twice as long as usual."""
        return self.usual is not None and self.silent_for > FACTOR * self.usual


def pace(days: Sequence[date], today: date) -> Pace | None:
    """The pace of what came out on these days; None when nothing ever did.

    The last ten gaps are looked at; with fewer than three days of issue nothing is usual.
    """
    issues = sorted(set(days))[-LOOKED_AT - 1 :]
    if not issues:
        return None
    gaps = [(later - earlier).days for earlier, later in pairwise(issues)]
    usual = timedelta(days=median(gaps)) if len(issues) >= LEAST_ISSUES else None
    return Pace(issues[-1], len(issues), usual, today - issues[-1])
