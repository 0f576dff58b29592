"""The sums of a dry run."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from operator import itemgetter
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from jouren.journeys.replay.replay import Replay
    from jouren.journeys.replay.terms import Happening

_ON_DAYS = frozenset({"sent", "stopped"})

kind_of: Callable[[Happening], tuple[str, str, str]] = itemgetter(1, 3, 4)
"""What happened, at which step, and the detail."""


@dataclass
class Counts:
    """What was counted of some people. ``kinds``: how often what happened, at which step, with which detail; ``days``:
    by day of the journey's ``zone``, messages sent and stopped."""

    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    people: int = 0
    waiting: int = 0
    kinds: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    days: Counter[tuple[str, date]] = field(default_factory=Counter)

    def add(self, replay: Replay) -> None:
        """Count one person's time."""
        happened = replay.happened
        self.people += any(each.what == "entered" for each in happened)
        self.waiting += len(replay.letters)
        self.kinds.update(map(kind_of, happened))
        for each in happened:
            if each.what in _ON_DAYS:
                self.days[each.what, each.at.astimezone(self.zone).date()] += 1

    def write(self) -> dict[str, Any]:
        """For another process, as JSON."""
        return {
            "people": self.people,
            "waiting": self.waiting,
            "kinds": list(self.kinds.items()),
            "days": [(what, day.isoformat(), count) for (what, day), count in self.days.items()],
        }

    @classmethod
    def read(cls, written: Mapping[str, Any]) -> Counts:
        """What :meth:`write` wrote, but for the zone."""
        return cls(
            people=written["people"],
            waiting=written["waiting"],
            kinds=Counter({(what, step, detail): count for (what, step, detail), count in written["kinds"]}),
            days=Counter({(what, date.fromisoformat(day)): count for what, day, count in written["days"]}),
        )

    def add_all(self, other: Counts) -> None:
        """Count what another one has counted."""
        self.people += other.people
        self.waiting += other.waiting
        self.kinds.update(other.kinds)
        self.days.update(other.days)

    def as_json(self) -> dict[str, Any]:
        """The sums as they are kept."""
        walks = finished = 0
        left: Counter[str] = Counter()
        channels: Counter[str] = Counter()
        steps: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for (what, step, detail), count in self.kinds.items():
            if what == "entered":
                walks += count
            elif what == "finished":
                finished += count
            elif what == "left":
                left[detail] += count
            elif what in {"stopped", "held"}:
                steps[step][f"{what}:{detail}"] += count
            elif what in {"step", "sent", "did"}:
                steps[step][what] += count
            if what == "sent":
                channels[detail] += count
        return {
            "people": self.people,
            "walks": walks,
            "finished": finished,
            "left": dict(left),
            "inside": walks - finished - left.total(),
            "waiting": self.waiting,
            "steps": {step: dict(counts) for step, counts in steps.items()},
            "days": self._days(),
            "channels": dict(channels),
        }

    def _days(self) -> dict[str, dict[str, int]]:
        days: defaultdict[str, dict[str, int]] = defaultdict(dict)
        for (what, day), count in sorted(self.days.items(), key=lambda item: (item[0][1], item[0][0])):
            days[day.isoformat()][what] = count
        return dict(days)
