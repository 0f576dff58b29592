"""What sending a broadcast now would do: how many it is meant for, how many get it, and why the others do not.

Nothing is written. Consent and addresses are counted exactly. The gate, with the shop's sending rules, is asked for up
to :data:`SAMPLE` people spread over all, and what it says is taken for all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jouren.broadcasts.audience import CHANNEL, everybody_meant, reachable
from jouren.broadcasts.models import Broadcast
from jouren.conditions.compile import compile_sql
from jouren.conditions.queries import PRESENT
from jouren.contacts.models import LEFT_IN_PEACE
from jouren.core.sql import hot_cursor
from jouren.core.zone import shop_zone
from jouren.messaging.gate import Question, ask, load_gate_facts

SAMPLE = 2_000

# OFFSET 0: without it PostgreSQL would look for the address anew in every count.
_REACH = """
SELECT count(*), count(*) FILTER (WHERE NOT has_address), count(*) FILTER (WHERE has_address AND is_stopped),
       count(*) FILTER (WHERE has_address AND NOT is_stopped AND is_granted IS NULL),
       count(*) FILTER (WHERE has_address AND NOT is_stopped AND NOT is_granted),
       count(*) FILTER (WHERE has_address AND NOT is_stopped AND is_granted)
FROM (
    SELECT EXISTS (SELECT FROM contacts_identity i WHERE i.contact_id = c.id AND i.kind = %(of_channel)s)
               AS has_address,
           EXISTS (SELECT FROM contacts_suppression s WHERE s.contact_id = c.id AND s.lifted_at IS NULL
                   AND s.channel IN ('', %(of_channel)s) AND s.reason <> ALL(%(of_promotion)s)) AS is_stopped,
           k.is_granted
    FROM contacts_contact c
    LEFT JOIN contacts_consent k ON k.contact_id = c.id AND k.channel = %(of_channel)s AND k.topic = %(of_topic)s
"""


@dataclass(frozen=True, slots=True)
class Reach:
    """Of those ``meant``, how many cannot be written to and why, each counted once, and how many can."""

    meant: int
    no_address: int
    stopped: int
    never_agreed: int
    unsubscribed: int
    reachable: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """``refused`` and ``deferred`` are people by the gate's reason; ``is_sampled``: taken from a sample, so about."""

    reach: Reach
    refused: dict[str, int]
    deferred: dict[str, int]
    is_sampled: bool

    @property
    def goes(self) -> int:
        """How many get it, at once or later."""
        return max(0, self.reach.reachable - sum(self.refused.values()))


def reach_of(audience: dict[str, Any] | None, topic: str, now: datetime) -> Reach:
    """Count whom a broadcast is meant for, and who of them can be written to. Raises ConditionError."""
    compiled = compile_sql(everybody_meant(audience), now, shop_zone())
    sql = f"{_REACH}{compiled.joins}\nWHERE {PRESENT} AND {compiled.where}\nOFFSET 0) AS people"
    params = {**compiled.params, "of_channel": CHANNEL, "of_topic": topic, "of_promotion": sorted(LEFT_IN_PEACE)}
    row = hot_cursor().execute(sql, params).fetchone()
    assert row is not None
    return Reach(*row)


def forecast(broadcast: Broadcast, now: datetime, due_at: datetime) -> Forecast | None:
    """What would become of a broadcast that goes at ``due_at``; None while its first message is not published.

    Raises:
        ConditionError: its condition cannot be asked.
    """
    first = broadcast.variants.select_related("message").first()
    version = first.message.published_versions.first() if first is not None else None
    if version is None:
        return None
    reach = reach_of(broadcast.audience, version.topic, now)
    sample = _sample(broadcast.audience, version.topic, reach.reachable, now)
    questions = [Question(contact_id, version.pk, 0, CHANNEL, due_at) for contact_id in sample]
    refused: Counter[str] = Counter()
    deferred: Counter[str] = Counter()
    for verdict in ask(load_gate_facts(questions), now):
        if verdict is not None:
            (refused if verdict.until is None else deferred)[verdict.reason] += 1
    scale = reach.reachable / len(sample) if sample else 1.0
    return Forecast(reach, _scaled(refused, scale), _scaled(deferred, scale), len(sample) < reach.reachable)


def _sample(audience: dict[str, Any] | None, topic: str, total: int, now: datetime) -> Sequence[int]:
    """The ids of up to :data:`SAMPLE` people, old and new ones alike."""
    compiled = compile_sql(reachable(audience, topic), now, shop_zone())
    sql = (
        f"SELECT c.id FROM contacts_contact c\n{compiled.joins}\n"  # noqa: S608
        f"WHERE {PRESENT} AND mod(c.id, %(of_every)s::bigint) = 0 AND {compiled.where}\nLIMIT %(of_most)s"
    )
    params = {**compiled.params, "of_every": max(1, -(-total // SAMPLE)), "of_most": SAMPLE}
    return [row[0] for row in hot_cursor().execute(sql, params).fetchall()]


def _scaled(counts: Counter[str], scale: float) -> dict[str, int]:
    return {reason: round(count * scale) for reason, count in counts.most_common()}
