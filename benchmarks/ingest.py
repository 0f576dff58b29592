"""How fast the endpoints take events, clicks and opens, over HTTP, each durable before it is answered.

And how fast a file of orders is imported. Runs the
product's own web server. The load runs on the same machine and takes its share of the processors.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import time
import uuid
from pathlib import Path
from urllib.request import urlopen

from benchmarks.environment import migrate, report, set_up
from benchmarks.http_load import Result, closed_load, open_load
from benchmarks.imports import measure as measure_import
from benchmarks.send import people_and_message

PEOPLE = 20_000
_BROWSER = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Safari/604.1"


def main(arguments: list[str]) -> int:
    """Run the benchmark; see ``--help``."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks ingest", description=__doc__)
    parser.add_argument("--seconds", type=float, default=10, help="how long each open load runs")
    parser.add_argument("--requests", type=int, default=20_000, help="of each closed load of single requests")
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the file of orders that is imported")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    set_up()
    migrate()
    version_id, contact_ids = people_and_message(PEOPLE)
    tokens = _sent_tokens(version_id, contact_ids)
    key = _key()
    port = _free_port()
    server = _serve(port)
    try:
        _events(options, port, key)
        _tracking(options, port, tokens)
    finally:
        server.terminate()
        server.wait(30)
    measure_import(options.rows, 1, as_json=options.json)
    return 0


def _events(options: argparse.Namespace, port: int, key: str) -> None:
    run = uuid.uuid4().hex[:8]

    def batch(number: int) -> bytes:
        return _post(key, [_order(f"{run}-{number}-{n}", number * 100 + n) for n in range(100)])

    def single(number: int) -> bytes:
        return _post(key, [_order(f"{run}-single-{number}", number)])

    closed_load(port, batch, 20, connections=4)  # makes the people known and warms up
    run = uuid.uuid4().hex[:8]
    result = closed_load(port, batch, 400, connections=4)
    params = {"events_a_request": 100, "connections": 4}
    report(options.json, "ingest", params, events_per_second=(result.per_second() * 100, "1/s"))
    _check(result, "202")
    result = open_load(port, single, 500, options.seconds)
    _tell(options, "ingest", {"events_a_request": 1, "rate": 500}, result, "202")


def _tracking(options: argparse.Namespace, port: int, tokens: list[str]) -> None:
    def click(number: int) -> bytes:
        return _get(f"/c/{tokens[number % len(tokens)]}/0")

    def pixel(number: int) -> bytes:
        return _get(f"/o/{tokens[number % len(tokens)]}.gif")

    for name, request, status in (("click", click, "302"), ("open", pixel, "200")):
        closed_load(port, request, 1_000)
        result = closed_load(port, request, options.requests)
        _check(result, status)
        report(options.json, name, {"connections": 16}, requests_per_second=(result.per_second(), "1/s"))
        _tell(options, name, {"rate": 1_500}, open_load(port, request, 1_500, options.seconds), status)


def _tell(options: argparse.Namespace, name: str, params: dict[str, int], result: Result, status: str) -> None:
    _check(result, status)
    report(
        options.json,
        name,
        params,
        p50=(result.percentile(0.5) * 1e3, "ms"),
        p95=(result.percentile(0.95) * 1e3, "ms"),
        p99=(result.percentile(0.99) * 1e3, "ms"),
        achieved_rate=(result.per_second(), "1/s"),
    )


def _check(result: Result, status: str) -> None:
    if set(result.statuses) != {status}:
        raise RuntimeError(f"Not every answer was {status}: {result.statuses}")


def _order(key: str, number: int) -> dict[str, object]:
    payload = {"order": key, "kind": "regular", "amount": 3980, "currency": "JPY", "products": ["tea"]}
    contact = {"shop": f"bench-{number % 2_000}"}
    return {"type": "order.paid", "contact": contact, "key": key, "payload": payload}


def _post(key: str, events: list[dict[str, object]]) -> bytes:
    body = json.dumps({"events": events}).encode()
    head = (
        "POST /api/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {key}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: {_BROWSER}\r\n\r\n".encode()


def _sent_tokens(version_id: int, contact_ids: list[int]) -> list[str]:
    """Tokens of deliveries that count as sent an hour ago."""
    from datetime import timedelta

    from jouren.core import clock
    from jouren.messaging.actions import PlannedDelivery, create_run, plan_deliveries
    from jouren.messaging.models import Delivery
    from jouren.messaging.tracking import make_token
    from jouren.messaging.vocabulary import Lane, RunKind, State

    run, step, now = create_run(RunKind.BROADCAST, "benchmark"), uuid.uuid4(), clock.now()
    people = contact_ids[:PEOPLE]
    for start in range(0, len(people), 1_000):
        part = people[start : start + 1_000]
        plan_deliveries(
            [PlannedDelivery(run.pk, step, person, 0, version_id, "email", Lane.BROADCAST, now) for person in part],
            now,
        )
    Delivery.objects.filter(run=run).update(state=State.SENT, sent_at=now - timedelta(hours=1))
    return [make_token(pk) for pk in Delivery.objects.filter(run=run).values_list("pk", flat=True)]


def _key() -> str:
    from jouren.api.keys import make_key

    return make_key("benchmark")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _serve(port: int) -> subprocess.Popen[bytes]:
    """The product's web server, ready."""
    command = [str(Path(sys.executable).parent / "jouren"), "web", "--port", str(port)]
    server = subprocess.Popen(command, env=os.environ)
    for _attempt in range(200):
        time.sleep(0.1)
        try:
            with urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2) as answer:
                if answer.status == 200:
                    return server
        except OSError:
            continue
    server.kill()
    raise RuntimeError("The web server did not start.")
