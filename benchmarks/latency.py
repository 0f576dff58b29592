"""How long from an event to its message handed to SMTP, at a steady rate of events: by itself, while a broadcast runs,
and while imported history waits for its reactions.

The whole product works: reactor, advancer and sender in worker processes of their own, into a sink that notes when
each letter came.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
import uuid
from datetime import timedelta
from pathlib import Path

from benchmarks.environment import migrate, report, set_up
from benchmarks.live import fill_others, live_version
from benchmarks.send import people_and_message, plan_broadcast


def main(arguments: list[str]) -> int:
    """Run the benchmark; see ``--help``."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks latency", description=__doc__)
    parser.add_argument("--rate", type=float, default=100, help="events a second")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--workers", type=int, default=3, help="one for the urgent work, the others for the broadcast")
    parser.add_argument("--broadcast", type=int, default=100_000, help="messages due when the second part starts")
    parser.add_argument("--history", type=int, default=100_000, help="imported orders that wait when the third starts")
    parser.add_argument(
        "--waiting", type=int, default=0, help="people who stand at a wait of another journey meanwhile"
    )
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    set_up()
    migrate()
    count = int(options.rate * options.seconds)
    version_id, contact_ids = people_and_message(count * 3 + options.broadcast)
    _journey(version_id)
    parts = {"broadcast": (options.broadcast, 0), "history": (0, options.history)}
    for number, (broadcast, history) in enumerate([(0, 0), *(part for part in parts.values() if any(part))]):
        _empty_queues()
        fill_others(waiting=options.waiting)
        plan_broadcast(version_id, contact_ids[count * 3 :][:broadcast])
        _import(contact_ids, history)
        people = contact_ids[number * count : (number + 1) * count]
        _measure(options, people, {"broadcast": broadcast, "history": history})
    return 0


def _import(people: list[int], count: int) -> None:
    """Record so many orders of the past; nobody has reacted to them yet."""
    from jouren.core import clock
    from jouren.events.actions import NewEvent, record_events

    now = clock.now()
    for start in range(0, count, 500):
        record_events(
            [
                NewEvent(
                    "order.paid",
                    people[number % len(people)],
                    {"order": uuid.uuid4().hex, "kind": "regular", "amount": 3980, "currency": "JPY"},
                    now - timedelta(days=1 + number % 700),
                    source="import",
                    historical=True,
                )
                for number in range(start, min(start + 500, count))
            ]
        )


def _measure(options: argparse.Namespace, people: list[int], waiting: dict[str, int]) -> None:
    addresses = _addresses(people)
    sink = _start([sys.executable, "-m", "benchmarks.sink"])
    port = json.loads(_read(sink))["port"]
    assert sink.stdin is not None
    for address in addresses.values():
        sink.stdin.write(f"{address}\n")
    sink.stdin.flush()
    os.environ["JOUREN_EMAIL_URL"] = f"smtp://127.0.0.1:{port}"
    command = [str(Path(sys.executable).parent / "jouren"), "worker", "--share"]
    shares = ["urgent"] + ["bulk"] * (options.workers - 1)
    workers = [subprocess.Popen([*command, share]) for share in shares]
    try:
        time.sleep(6)
        happened = _let_happen(people, options.rate)
        left = _wait_for_messages(people)
        history_left = _history_left()
    finally:
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.wait(60)
    sink.stdin.close()
    arrived = json.loads(_read(sink))["arrived"]
    waited = sorted(arrived[addresses[person]] - happened[person] for person in people if arrived[addresses[person]])
    params = {
        "rate": options.rate,
        "events": len(people),
        "workers": options.workers,
        "waiting": options.waiting,
        **waiting,
    }
    if len(waited) < len(people):
        raise RuntimeError(f"{len(people) - len(waited)} of {len(people)} messages did not arrive.")
    report(
        options.json,
        "latency",
        params,
        p50=(waited[len(waited) // 2] * 1e3, "ms"),
        p95=(waited[int(len(waited) * 0.95)] * 1e3, "ms"),
        p99=(waited[int(len(waited) * 0.99)] * 1e3, "ms"),
        longest=(waited[-1] * 1e3, "ms"),
        broadcast_left=(left, "mails"),
        history_left=(history_left, "events"),
    )


def _let_happen(people: list[int], rate: float) -> dict[int, float]:
    """Record an order of each person, one after the other at that rate. Returns when each was durable."""
    from jouren.events.actions import NewEvent, record_event

    happened: dict[int, float] = {}
    started = time.monotonic()
    for position, person in enumerate(people):
        delay = started + position / rate - time.monotonic()
        if delay > 0:
            time.sleep(delay)
        key = uuid.uuid4().hex
        order = {"order": key, "kind": "regular", "amount": 3980, "currency": "JPY", "products": ["tea"]}
        record_event(NewEvent("order.paid", person, order, key=key))
        happened[person] = time.monotonic()
    return happened


def _wait_for_messages(people: list[int]) -> int:
    """Wait until everybody's message has gone. Returns how much of the broadcast is left then."""
    from jouren.messaging.models import Delivery
    from jouren.messaging.vocabulary import Lane, State

    deadline = time.monotonic() + 60
    triggered = Delivery.objects.filter(lane=Lane.TRIGGERED, state=State.SENT)
    while triggered.count() < len(people) and time.monotonic() < deadline:
        time.sleep(0.5)
    return Delivery.objects.filter(lane=Lane.BROADCAST, state=State.PLANNED).count()


def _history_left() -> int:
    from jouren.events.queries import inbox_backlog

    return inbox_backlog()[0]


def _journey(message_version: int) -> None:
    """A live journey that sends one message at once to whoever buys."""
    send = {"type": "send", "message_version": message_version, "channel": "email", "next": None}
    live_version({str(uuid.uuid5(uuid.NAMESPACE_OID, "bench-thanks")): send}, reentry="again")


def _empty_queues() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE messaging_delivery, journeys_enrolment, events_inbox")
        cursor.execute("VACUUM ANALYZE events_inbox, messaging_delivery, journeys_enrolment")


def _addresses(people: list[int]) -> dict[int, str]:
    from jouren.contacts.models import Identity

    return dict(Identity.objects.filter(contact_id__in=people, kind="email").values_list("contact_id", "value"))


def _start(command: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _read(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()
