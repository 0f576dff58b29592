"""What all marketing together brings: those who get it compared with the control group."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from jouren.core import clock
from jouren.core.comparison import Comparison, Group, Side, compare, weeks_for
from jouren.core.sql import load_sql
from jouren.messaging.control_group.models import ControlGroup

_sql = load_sql("messaging")


@dataclass(frozen=True)
class ControlResults:
    """``treated`` may get marketing, ``held`` is the control group. Compared is who bought within ``days``."""

    since: datetime
    days: int
    treated: Side
    held: Side
    comparison: Comparison
    smallest_effect: float
    weeks: float | None


@dataclass(frozen=True)
class ControlCounts:
    """What is counted of both sides: how many there are, and what those whose time is over bought."""

    treated: Side
    held: Side
    treated_group: Group
    held_group: Group


def count_control(since: datetime, share: int, days: int) -> ControlCounts:
    """Count everybody who ever agreed to be written to: in a large shop this takes its time."""
    found = {
        is_control: (Side(entered, over, lately / 4), Group(over, buyers, buyers, yen, squares))
        for is_control, entered, over, lately, buyers, yen, squares in _sql.all(
            "control_group", {"share": share, "since": since, "window": timedelta(days=days), "now": clock.now()}
        )
    }
    nobody = (Side(), Group(0, 0))
    (treated, got), (held, got_none) = found.get(False, nobody), found.get(True, nobody)
    return ControlCounts(treated, held, got, got_none)


def tell_control(counts: ControlCounts, group: ControlGroup) -> ControlResults:
    """What follows from what was counted, by the smallest difference that matters today."""
    if group.since is None:
        raise ValueError("There is no control group.")
    effect = group.smallest_effect / 100
    compared = compare(counts.treated_group, counts.held_group, effect)
    weeks = weeks_for(compared, counts.held, group.days)
    return ControlResults(group.since, group.days, counts.treated, counts.held, compared, effect, weeks)
