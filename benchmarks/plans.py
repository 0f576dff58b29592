"""How PostgreSQL answers what must stay quick at any size: the plan of each query, and how long it took here.

It fills a table with ``--deliveries`` of one message, and as many planned ones of a run on hold that stand before
everybody else's in the same lane.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

from benchmarks.environment import migrate, report, set_up

_SENT = """
INSERT INTO messaging_delivery (run_id, step, contact_id, occurrence, channel, lane, state, due_at, try_at, planned_at,
    message_version_id, sent_at, first_opened_at, first_clicked_at)
SELECT %(run)s, %(step)s::uuid, n, 0, 'email', 2, CASE WHEN n %% 50 = 0 THEN 5 ELSE 2 END, now(), now(), now(),
       %(version)s, now(), CASE WHEN n %% 3 = 0 THEN now() END, CASE WHEN n %% 30 = 0 THEN now() END
FROM generate_series(1, %(count)s) AS n
"""
_PLANNED = """
INSERT INTO messaging_delivery (run_id, step, contact_id, occurrence, channel, lane, state, due_at, try_at, planned_at,
    message_version_id)
SELECT %(run)s, %(step)s::uuid, n, 0, 'email', 2, 0, %(at)s, %(at)s::timestamptz + n * interval '1 microsecond', now(),
       %(version)s
FROM generate_series(1, %(count)s) AS n
"""
_STEP = "00000000-0000-0000-0000-000000000001"


def main(arguments: list[str]) -> int:
    """Fill the tables, and explain; see ``--help``."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks plans", description=__doc__)
    parser.add_argument("--deliveries", type=int, default=300_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    set_up()
    migrate()
    message_id, version_ids = _fill(options.deliveries)
    from datetime import UTC, datetime

    from jouren.messaging.vocabulary import Lane, State

    due = {"lane": Lane.BROADCAST, "now": datetime.now(UTC), "channel": "email", "limit": 40}
    page = {"version_ids": version_ids, "before": 2**63 - 1, "limit": 51}
    for room, name, parameters in (
        ("messaging", "backlog", due),
        ("messaging", "claim", due),
        ("backoffice", "message_figures", {"message_ids": [message_id]}),
        ("backoffice", "message_deliveries", {**page, "states": State.values}),
        ("backoffice", "message_deliveries", {**page, "states": [State.FAILED]}),
    ):
        _explain(options, room, name, parameters)
    return 0


def _fill(count: int) -> tuple[int, list[int]]:
    from django.db import connection

    from jouren.core import clock
    from jouren.messaging.actions import create_run, hold_run
    from jouren.messaging.models import Message, MessageVersion
    from jouren.messaging.vocabulary import RunKind

    message = Message.objects.create(name="plans")
    now = clock.now()
    version = MessageVersion.objects.create(
        message=message, number=1, name="plans", kind="help", bodies={}, created_at=now
    )
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE messaging_delivery")
        values: dict[str, Any] = {"step": _STEP, "version": version.pk, "count": count}
        cursor.execute(_SENT, {**values, "run": create_run(RunKind.BROADCAST, "sent").pk})
        held = create_run(RunKind.BROADCAST, "held").pk
        cursor.execute(_PLANNED, {**values, "run": held, "at": "2020-01-01T00:00:00Z"})
        hold_run(held)
        for number in range(20):
            run = create_run(RunKind.BROADCAST, f"next {number}").pk
            cursor.execute(_PLANNED, {**values, "run": run, "count": 100, "at": "2021-01-01T00:00:00Z"})
        cursor.execute("VACUUM ANALYZE messaging_delivery")
    return message.pk, [version.pk]


def _explain(options: argparse.Namespace, room: str, name: str, parameters: dict[str, Any]) -> None:
    from django.db import transaction

    from jouren.core.sql import hot_cursor, load_sql

    statement = load_sql(room).text(name)
    with transaction.atomic():
        plan = hot_cursor().execute(f"EXPLAIN (ANALYZE, COSTS OFF, SUMMARY OFF) {statement}", parameters).fetchall()
        hot_cursor().execute(statement, parameters).fetchall()
        started = time.perf_counter()
        hot_cursor().execute(statement, parameters).fetchall()
        seconds = time.perf_counter() - started
        transaction.set_rollback(True)
    lines = [line for (line,) in plan]
    params = {"deliveries": options.deliveries, "states": [int(state) for state in parameters.get("states", [])]}
    report(
        options.json,
        "plans",
        params,
        **{
            f"{room}.{name}": (seconds * 1000, "ms"),
            f"{room}.{name}: sequential scans of deliveries": (
                sum("Seq Scan on messaging_delivery" in line for line in lines),
                "",
            ),
        },
    )
    if not options.json:
        print("\n".join(f"    {line}" for line in lines))
