"""Where the engine's decisions go: into the database, or into a list for a preview."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from jouren.contacts.actions import suppress
from jouren.contacts.models import SuppressionReason
from jouren.core.sql import load_sql
from jouren.events.actions import NewEvent, record_events
from jouren.journeys.models import EnrolmentState
from jouren.journeys.program import ChangeStage, Send, Suppress
from jouren.messaging.actions import PlannedDelivery, plan_many
from jouren.messaging.vocabulary import Lane
from jouren.pyramid.actions import change_stage

if TYPE_CHECKING:
    from jouren.journeys.engine import Move

_sql = load_sql("journeys")


class DatabaseWriter:
    """Writes a batch of moves as sets: enrolments, deliveries, events; rarer effects one by one, through actions."""

    def write(self, moves: Sequence[Move], now: datetime) -> None:
        """Write all moves, in the caller's transaction."""
        self._move(moves, now)
        self._send(moves, now)
        self._tell(moves, now)
        for move in moves:
            for effect in move.effects:
                self._change(move, effect)

    def _move(self, moves: Sequence[Move], now: datetime) -> None:
        _sql.run(
            "write_moves",
            {
                "ids": [move.walker.enrolment_id for move in moves],
                "states": [int(move.state) for move in moves],
                "steps": [move.step for move in moves],
                "arrived_at": [move.arrived_at for move in moves],
                "due_at": [move.due_at for move in moves],
                "waits_for": [move.waits_for for move in moves],
                "ended_at": [None if move.state == EnrolmentState.ACTIVE else now for move in moves],
                "reasons": [move.reason for move in moves],
            },
        )

    def _send(self, moves: Sequence[Move], now: datetime) -> None:
        planned = [
            PlannedDelivery(
                run_id=move.version.run_id,
                step=effect.id,
                contact_id=move.walker.contact_id,
                occurrence=move.walker.occurrence,
                message_version_id=effect.message_version,
                channel=effect.channel,
                lane=Lane.TRIGGERED,
                due_at=now,
            )
            for move in moves
            for effect in move.effects
            if isinstance(effect, Send)
        ]
        if planned:
            plan_many(planned, now)

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

    def _change(self, move: Move, effect: Send | ChangeStage | Suppress) -> None:
        if isinstance(effect, ChangeStage):
            change_stage(move.walker.contact_id, effect.stage, reason=effect.reason)
        elif isinstance(effect, Suppress):
            suppress(move.walker.contact_id, SuppressionReason.UNNEEDED, channel=effect.channel, detail=effect.reason)


@dataclass
class Collector:
    """Keeps moves in a list, for previews and dry runs."""

    moves: list[Move] = field(default_factory=list)

    def write(self, moves: Sequence[Move], now: datetime) -> None:
        """Remember all moves."""
        self.moves += moves
