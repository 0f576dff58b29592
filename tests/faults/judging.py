"""The judge: from what arrived and from what the database says, whether everybody got everything exactly once."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any

from jouren.messaging.vocabulary import State
from tests.faults.scale import RESUME_SECONDS, tell
from tests.smtp_server import ScriptedServer

Query = Callable[..., list[tuple[Any, ...]]]
Pair = tuple[str, str]
"""An address, and the name of a message."""

# Somebody who stands still in a pause has no moment at which they are due.
_IS_SETTLED = """
SELECT NOT EXISTS (SELECT FROM events_inbox)
   AND NOT EXISTS (
       SELECT FROM messaging_delivery AS delivery JOIN messaging_run AS run ON run.id = delivery.run_id
       WHERE delivery.state = 1 OR (delivery.state = 0 AND delivery.try_at <= moment.now AND run.held_at IS NULL)
   )
   AND NOT EXISTS (SELECT FROM journeys_enrolment WHERE state = 1 AND due_at <= moment.now)
FROM (
    SELECT clock_timestamp() + make_interval(secs => coalesce((SELECT offset_seconds FROM core_clock), 0)) AS now
) AS moment
"""
_LEFT_OVER = """
SELECT (SELECT count(*) FROM events_inbox) AS events,
       (SELECT json_object_agg(state, n ORDER BY state) FROM (
           SELECT state, count(*) AS n FROM messaging_delivery GROUP BY state) AS d) AS deliveries,
       (SELECT json_object_agg(step, n ORDER BY step) FROM (
           SELECT step, count(*) AS n FROM journeys_enrolment WHERE state = 1 GROUP BY step) AS e) AS walks
"""
_DELIVERIES = """
SELECT identity.value, version.name, delivery.state, delivery.message_id, delivery.id
FROM messaging_delivery AS delivery
JOIN contacts_identity AS identity ON identity.contact_id = delivery.contact_id AND identity.kind = 'email'
JOIN messaging_messageversion AS version ON version.id = delivery.message_version_id
"""
# What the log tells of each delivery.
_TOLD = """
SELECT type, (payload ->> 'delivery')::bigint FROM events_event
WHERE type IN ('message.sent', 'message.unknown', 'message.failed', 'message.withheld')
"""
_TELLS = {
    State.SENT: "message.sent",
    State.UNKNOWN: "message.unknown",
    State.FAILED: "message.failed",
    State.SUPPRESSED: "message.withheld",
}


def is_settled(query: Query) -> bool:
    """Whether nothing that is due is left to do."""
    return query(_IS_SETTLED) == [(True,)]


def settle(query: Query) -> None:
    """Wait until nothing that is due is left to do. Fails when for a minute nothing is done of what there is."""
    seen, since = "", time.monotonic()
    while not is_settled(query):
        if (left := _left_over(query)) != seen:
            seen, since = left, time.monotonic()
        assert time.monotonic() - since < RESUME_SECONDS, f"Nothing goes on. Left to do: {left}"
        time.sleep(0.1)


def _left_over(query: Query) -> str:
    return str(query(_LEFT_OVER))


@dataclass(frozen=True)
class Account:
    """What was counted. ``unknown``: deliveries of which nobody knows whether they arrived."""

    people: int
    letters: int
    unknown: int


def judge(
    query: Query,
    server: ScriptedServer,
    wanted: Collection[Pair],
    *,
    bound: int,
    withheld: Collection[Pair] = (),
    failed: Collection[Pair] = (),
    beginning: str = "",
) -> Account:
    """Everybody got every wanted letter exactly once, or it is unknown, and then they have one copy at most.

    ``bound``: how many may be unknown. ``withheld`` and ``failed``: what must not have arrived, and must stand in the
    database as that. Also fails for a letter that nobody wanted, for one without its event in the log, for whoever is
    stuck on the way, and for events that were parked. ``beginning``: of addresses; others are not looked at.
    """
    rows = [row for row in query(_DELIVERIES) if row[0].startswith(beginning)]
    copies = count_copies(server, {row[3]: row[:2] for row in rows}, beginning)
    stands: dict[int, set[Pair]] = {
        state.value: {(address, name) for address, name, of, *_ids in rows if of == state} for state in State
    }
    sent, unknown = stands[State.SENT], stands[State.UNKNOWN]
    # Short lists first: of ten thousand people nobody wants to read a difference of sets.
    assert _some(pair for pair, count in copies.items() if count > 1) == []
    assert _some(pair for pair, count in Counter(row[:2] for row in rows).items() if count > 1) == []
    assert _some(stands[State.PLANNED] | stands[State.ATTEMPTING]) == []
    assert _some(copies.keys() - (sent | unknown)) == []
    assert _some(sent - copies.keys()) == []
    assert _some(set(wanted) ^ (sent | unknown)) == []
    assert _some(set(withheld) ^ stands[State.SUPPRESSED]) == []
    assert _some(set(failed) ^ stands[State.FAILED]) == []
    assert len(unknown) <= bound
    assert _told_otherwise(query, rows)[:5] == []
    assert (
        query(
            "SELECT contact_id FROM journeys_enrolment GROUP BY journey_id, contact_id, occurrence"
            " HAVING count(*) > 1 LIMIT 5"
        )
        == []
    )
    assert query("SELECT count(*) FROM events_parked") == [(0,)]
    assert query("SELECT contact_id, reason FROM journeys_enrolment WHERE state = 4 LIMIT 5") == []
    account = Account(len({address for address, _name in wanted}), copies.total(), len(unknown))
    tell(str(account))
    return account


def count_copies(server: ScriptedServer, known: dict[str, Pair], beginning: str = "") -> Counter[Pair]:
    """How often each letter arrived, by whom it is for and what message it is. A stranger's letter counts as such."""
    with server.lock:
        letters = [letter for letter in server.letters if letter[0].startswith(beginning)]
    return Counter(_pair(address, data, known) for address, data in letters)


def _pair(address: str, data: bytes, known: dict[str, Pair]) -> Pair:
    message_id = data.partition(b"Message-ID: <")[2].partition(b">")[0].decode()
    meant_for, name = known.get(message_id, ("", "of nobody"))
    return (address, name) if address == meant_for else (address, f"not for them: {name}")


def _told_otherwise(query: Query, rows: list[tuple[Any, ...]]) -> list[tuple[str, int]]:
    """What the log tells of deliveries, or does not, other than where they stand: each end once.

    Somebody who was taken for dead and reports late was told of as unknown before.
    """
    ends = {id_: State(state) for _address, _name, state, _message, id_ in rows if state in _TELLS}
    told = Counter(row for row in query(_TOLD) if row[1] in {row[-1] for row in rows})
    expected = Counter((_TELLS[state], id_) for id_, state in ends.items())
    corrected = Counter(
        (_TELLS[State.UNKNOWN], id_) for id_, state in ends.items() if state in {State.SENT, State.FAILED}
    )
    return sorted([*(expected - told), *(told - expected - corrected)])


def _some(pairs: Iterable[Pair]) -> list[Pair]:
    return sorted(pairs)[:5]
