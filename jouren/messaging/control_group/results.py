"""What all marketing together brings: those who get it compared with the control group."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from jouren.core import clock
from jouren.core.comparison import Comparison, Group, Side, compare, weeks_for
from jouren.core.sql import load_sql
from jouren.messaging.control_group.queries import stored_group

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


def control_results() -> ControlResults | None:
    """The comparison as it stands; None where there is no control group."""
    group = stored_group()
    if not group.share or group.since is None:
        return None
    found = {
        is_control: (Side(entered, over, lately / 4), Group(over, buyers, buyers, yen, squares))
        for is_control, entered, over, lately, buyers, yen, squares in _sql.all(
            "control_group",
            {
                "share": group.share,
                "since": group.since,
                "window": timedelta(days=group.days),
                "now": clock.now(),
            },
        )
    }
    nobody = (Side(), Group(0, 0))
    (treated, got), (held, got_none) = found.get(False, nobody), found.get(True, nobody)
    effect = group.smallest_effect / 100
    compared = compare(got, got_none, effect)
    return ControlResults(
        group.since, group.days, treated, held, compared, effect, weeks_for(compared, held, group.days)
    )
