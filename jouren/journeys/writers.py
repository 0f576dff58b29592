"""Where the engine's decisions go: into the database, or into a list for a preview."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from jouren.core.arrays import fold
from jouren.core.sql import load_sql
from jouren.events.actions import NewEvent, record_events
from jouren.journeys.effects import apply_effects
from jouren.journeys.models import EnrolmentState

if TYPE_CHECKING:
    from jouren.journeys.engine import Move

_sql = load_sql("journeys")
Watcher = Callable[[Sequence["Move"], datetime], None]
_watchers: list[Watcher] = []


def register_watcher(watch: Watcher) -> None:
    """Show every batch of moves to a room above, in the transaction that writes them. It must be quick."""
    if watch not in _watchers:
        _watchers.append(watch)


class DatabaseWriter:
    """Writes a batch of moves as sets: enrolments, what their steps do, events."""

    def write(self, moves: Sequence[Move], now: datetime) -> None:
        """Write all moves, in the caller's transaction."""
        self._move(moves, now)
        apply_effects(moves, now)
        self._tell(moves, now)
        for watch in _watchers:
            watch(moves, now)

    def _move(self, moves: Sequence[Move], now: datetime) -> None:
        where, wheres = fold(
            [(m.state, m.step, m.arrived_at, m.due_at, m.waits_for, m.reason, m.place) for m in moves], 7
        )
        states, steps, arrived_at, due_at, waits_for, reasons, places = wheres
        _sql.run(
            "write_moves",
            {
                "ids": [move.walker.enrolment_id for move in moves],
                "where": where,
                "states": [int(state) for state in states],
                "steps": steps,
                "arrived_at": arrived_at,
                "due_at": due_at,
                "waits_for": waits_for,
                "reasons": reasons,
                "places": places,
                "now": now,
            },
        )
        if done := [move.walker.enrolment_id for move in moves if move.walker.skips and not move.skips]:
            _sql.run("stop_skipping", {"ids": done})

    def _tell(self, moves: Sequence[Move], now: datetime) -> None:
        record_events(
            [
                NewEvent(
                    "journey.left",
                    move.walker.contact_id,
                    {
                        "journey": move.version.journey_id,
                        "name": move.version.name,
                        "reason": move.reason or "finished",
                    },
                    occurred_at=now,
                )
                for move in moves
                if move.state != EnrolmentState.ACTIVE
            ]
        )


@dataclass
class Collector:
    """Keeps moves in a list, for previews and dry runs."""

    moves: list[Move] = field(default_factory=list)

    def write(self, moves: Sequence[Move], now: datetime) -> None:
        """Remember all moves."""
        self.moves += moves
