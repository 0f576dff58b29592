"""Segments: counts beside the same question written by hand, and what an event costs while segments are kept.

The shop has ``--contacts`` people and ``--events`` events of a year; the second, smaller one ten times fewer of both,
which shows that an event's cost does not grow with them. Compared are medians of ``--runs`` runs, taken by turns.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from benchmarks.environment import migrate, report, set_up
from benchmarks.segment_shop import make_shop

Tree = dict[str, Any]
T = TypeVar("T")
_HERE = "c.erased_at IS NULL AND c.merged_at IS NULL"
_PERSON = "coalesce(a.to_id, e.contact_id)"
_BATCH = 500
_EVENTS = "events_event e LEFT JOIN contacts_alias a ON a.from_id = e.contact_id"


def ask(fact: str, op: str, value: Any, **args: Any) -> Tree:
    """One question of a condition."""
    return {"fact": fact, "op": op, "value": value, "args": args}


_AMOUNT = [{"field": "amount", "op": "gte", "value": 3000}]
_CONSENT = ask("consent", "is", True, channel="email", topic="news")
_STOPPED = ask("suppressed", "is", True, channel="email")

QUESTIONS: dict[str, tuple[Tree, str]] = {
    "bought twice in 90 days": (
        ask("events.count", "gte", 2, type="order.paid", within_days=90),
        f"SELECT count(*) FROM contacts_contact c JOIN (SELECT {_PERSON} AS id FROM {_EVENTS}"
        " WHERE e.type = 'order.paid' AND e.occurred_at > %(now)s - interval '90 days' GROUP BY 1 HAVING count(*) >= 2)"
        f" bought USING (id) WHERE {_HERE}",
    ),
    "bought for 3,000 yen, not lately": (
        {
            "all": [
                ask("events.count", "gte", 1, type="order.paid", where=_AMOUNT),
                ask("events.count", "eq", 0, type="order.paid", within_days=60),
            ]
        },
        f"SELECT count(*) FROM contacts_contact c WHERE {_HERE}"
        f" AND c.id IN (SELECT {_PERSON} FROM {_EVENTS} WHERE e.type = 'order.paid'"
        " AND (e.payload ->> 'amount')::numeric >= 3000)"
        f" AND NOT EXISTS (SELECT 1 FROM (SELECT {_PERSON} AS id FROM {_EVENTS} WHERE e.type = 'order.paid'"
        " AND e.occurred_at > %(now)s - interval '60 days') lately WHERE lately.id = c.id)",
    ),
    "clicked lately and may be written to": (
        {
            "all": [
                ask("messages.clicked", "gte", 1, within_days=30),
                ask("pyramid.stage", "gte", 3),
                _CONSENT,
                {"not": {"any": [_STOPPED]}},
            ]
        },
        "SELECT count(*) FROM contacts_contact c JOIN pyramid_position p ON p.contact_id = c.id AND p.stage >= 3"
        " JOIN contacts_consent k ON k.contact_id = c.id AND k.channel = 'email' AND k.topic = 'news' AND k.is_granted"
        f" WHERE {_HERE} AND NOT EXISTS (SELECT 1 FROM contacts_suppression s WHERE s.contact_id = c.id"
        " AND s.lifted_at IS NULL AND s.channel IN ('', 'email'))"
        f" AND c.id IN (SELECT {_PERSON} FROM {_EVENTS} WHERE e.type = 'message.clicked'"
        " AND e.payload ->> 'by' = 'human' AND e.occurred_at > %(now)s - interval '30 days')",
    ),
    "tagged, or many points and a birthday this month": (
        {
            "any": [
                ask("contact.tags", "contains_any", ["tag3", "tag17"]),
                {
                    "all": [
                        ask("contact.attribute", "gte", 800, key="points"),
                        ask("contact.attribute", "anniversary_this_month", True, key="birthday"),
                    ]
                },
            ]
        },
        f"SELECT count(*) FROM contacts_contact c WHERE {_HERE}"
        " AND (c.id IN (SELECT t.contact_id FROM contacts_tag t WHERE t.text IN ('tag3', 'tag17'))"
        " OR ((c.attributes ->> 'points')::numeric >= 800 AND extract(month FROM (c.attributes ->> 'birthday')::date)"
        " = extract(month FROM (%(now)s AT TIME ZONE 'Asia/Tokyo')::date)))",
    ),
    "never opened, from a search": (
        {
            "all": [
                ask("contact.source", "eq", "search", key="utm_source"),
                ask("messages.opened", "eq", 0),
                ask("contact.created_at", "older_than_days", 30),
            ]
        },
        f"SELECT count(*) FROM contacts_contact c WHERE {_HERE} AND c.source ->> 'utm_source' = 'search'"
        " AND c.created_at <= %(now)s - interval '30 days'"
        f" AND NOT EXISTS (SELECT 1 FROM (SELECT {_PERSON} AS id FROM {_EVENTS} WHERE e.type = 'message.opened'"
        " AND e.payload ->> 'by' = 'human') opened WHERE opened.id = c.id)",
    ),
}


def main(arguments: list[str]) -> int:
    """Measure; see ``--help``."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks segments", description=__doc__)
    parser.add_argument("--contacts", type=int, default=100_000)
    parser.add_argument("--events", type=int, default=2_000_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--recorded", type=int, default=5_000, help="events recorded while segments are kept")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    set_up()
    migrate()
    for contacts, events in ((options.contacts // 10, options.events // 10), (options.contacts, options.events)):
        params = {"contacts": contacts, "events": events}
        forget_segments()
        make_shop(contacts, events)
        if contacts == options.contacts:
            measure_counts(options, params)
        measure_keeping(options, params)
    return 0


def forget_segments() -> None:
    """Leave no segment of an earlier run."""
    from django.db import connection

    from jouren.contacts.segments.listening import listen

    with connection.cursor() as cursor:
        tables = ("standing", "waiting", "tally", "day")
        cursor.execute(f"TRUNCATE contacts_segment, {', '.join(f'contacts_segment_{each}' for each in tables)}")
    listen()


def measure_counts(options: argparse.Namespace, params: dict[str, Any]) -> None:
    """Each question, by the condition and by hand."""
    from jouren.conditions.queries import count_contacts
    from jouren.core import clock
    from jouren.core.sql import hot_cursor

    for name, (tree, by_hand) in QUESTIONS.items():
        now = clock.now()

        def ours(tree: Tree = tree) -> int:
            return count_contacts(tree, now=now)  # noqa: B023 — called at once

        def theirs(by_hand: str = by_hand) -> int:
            row = hot_cursor().execute(by_hand.encode(), {"now": now}).fetchone()  # noqa: B023
            return int(row[0]) if row else 0

        if ours() != theirs():
            raise RuntimeError(f"{name}: {ours()} by the condition, {theirs()} by hand")
        times = [(_seconds(ours), _seconds(theirs)) for _ in range(options.runs)]
        mine, hand = (statistics.median(column) for column in zip(*times, strict=True))
        report(
            options.json,
            "segments",
            {**params, "question": name, "people": ours()},
            count=(mine * 1000, "ms"),
            by_hand=(hand * 1000, "ms"),
            ratio=(mine / hand, "x"),
        )


def measure_keeping(options: argparse.Namespace, params: dict[str, Any]) -> None:
    """How long segments take to be filled, and what of an event's cost is theirs."""
    from jouren.contacts.segments import filling, rechecking
    from jouren.contacts.segments.actions import save_segment

    for name, (tree, _by_hand) in QUESTIONS.items():
        save_segment(name, tree)
    started = time.perf_counter()
    while filling.tick() or rechecking.tick():
        pass
    filled = time.perf_counter() - started
    _record(2 * _BATCH, params["contacts"], Stopwatch())  # what is done once is done by now
    whole, segments = _record(options.recorded, params["contacts"], Stopwatch())
    report(
        options.json,
        "segments",
        {**params, "segments": len(QUESTIONS), "recorded": options.recorded},
        fill=(filled, "s"),
        event=(whole * 1e6, "us"),
        membership_an_event=(segments * 1e6, "us"),
    )


class Stopwatch:
    """Adds up how long some functions take."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def around(self, work: Callable[..., T]) -> Callable[..., T]:
        """The same function, timed."""

        def timed(*arguments: Any) -> T:
            started = time.perf_counter()
            try:
                return work(*arguments)
            finally:
                self.seconds += time.perf_counter() - started

        return timed


def _record(count: int, contacts: int, watch: Stopwatch) -> tuple[float, float]:
    """Seconds that one purchase takes from its record to its last reaction, and those that segments take of it: medians
    of batches, in one process.
    """
    from jouren.contacts.segments import rechecking
    from jouren.core import clock
    from jouren.events import reactor
    from jouren.events.actions import NewEvent, record_events
    from jouren.events.reactions import reactions, register_reaction

    (ours,) = (reaction for reaction in reactions() if reaction.name == "contacts.segments")
    register_reaction(replace(ours, react=watch.around(ours.react)))
    recheck = watch.around(rechecking.tick)
    tag = time.time_ns()
    people = [1 + number * 7919 % contacts for number in range(count)]
    purchases = [
        NewEvent(
            "order.paid",
            contact_id,
            {"order": f"{tag}-{number}", "kind": "regular", "amount": 5000, "currency": "JPY", "products": ["tea"]},
            clock.now(),
            "bench",
        )
        for number, contact_id in enumerate(people)
    ]
    times = []
    for first in range(0, count, _BATCH):
        started, before = time.perf_counter(), watch.seconds
        record_events(purchases[first : first + _BATCH])
        while reactor.tick() or recheck():
            pass
        times.append((time.perf_counter() - started, watch.seconds - before))
    register_reaction(ours)
    whole, segments = (statistics.median(column) / _BATCH for column in zip(*times, strict=True))
    return whole, segments


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
