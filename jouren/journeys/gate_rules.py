"""What journeys ask again before a message of theirs is handed over.

A message may wait after the advancer has sent it on its way: for a limit, for a relay that does not answer. Whoever
reached the goal or met an exit meanwhile does not get it. Goal and exits are those of the version that a person is on.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from jouren.core.sql import load_sql
from jouren.journeys.decide import leaves
from jouren.journeys.program import Facts
from jouren.journeys.sources import DatabaseFacts
from jouren.journeys.versions import load_version
from jouren.messaging.gate import GateFacts, GateRule, register_gate_rule

_sql = load_sql("journeys")
LEFT = "journey_left"
LEFT_RULE = "journeys.left"


def refuse_those_who_left(batch: Sequence[GateFacts], now: datetime) -> list[str | None]:
    """Refuse messages of journeys to those whom their goal or an exit takes out of it now."""
    asked = [(facts.run_id, facts.contact_id) for facts in batch if facts.contact_id is not None]
    run_ids, contact_ids = ([pair[side] for pair in asked] for side in (0, 1))
    walks = defaultdict(list)
    for run_id, contact_id, version_id, *times in _sql.all(
        "walks_of_runs", {"run_ids": run_ids, "contact_ids": contact_ids}
    ):
        walks[version_id].append((run_id, contact_id, *times))
    gone: set[tuple[int, int]] = set()
    for version_id, people in walks.items():
        program = load_version(version_id).program
        if program.goal is None and not program.exits:
            continue
        values = DatabaseFacts().load(program.facts, [contact_id for _run, contact_id, *_ in people], now)
        gone |= {
            (run_id, contact_id)
            for run_id, contact_id, entered_at, arrived_at in people
            if leaves(program, Facts(values[contact_id], entered_at, arrived_at), now)
        }
    return [
        LEFT if facts.contact_id is not None and (facts.run_id, facts.contact_id) in gone else None for facts in batch
    ]


def register() -> None:
    """Called when the room starts."""
    register_gate_rule(GateRule(LEFT_RULE, refuse_those_who_left, order=200, at_sending_only=True))
