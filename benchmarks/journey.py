"""How many due steps a second the advancer moves: claim → facts → decide → gate → delivery → recorded.

``--enrolments`` people wait in one journey and are all due; each goes on over a branch and a message to its next wait.
The same writes by plain SQL, in the same batches, are measured beside it. ``--rules``: with three sending rules on that
let everybody pass.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
import uuid
from datetime import timedelta
from typing import Any

from benchmarks.environment import load, migrate, report, resident_mib, set_up
from benchmarks.live import fill_others, live_version
from benchmarks.rules import RULES, make_history, set_rules
from benchmarks.send import people_and_message

WAIT, FORK, SEND, REST = (str(uuid.uuid5(uuid.NAMESPACE_OID, f"bench-{name}")) for name in ("w", "f", "s", "r"))


def main(arguments: list[str]) -> int:
    """Run the benchmark; see ``--help``."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks journey", description=__doc__)
    parser.add_argument("--enrolments", type=int, default=200_000)
    parser.add_argument("--workers", type=int, default=2, help="one process is measured, then so many")
    parser.add_argument("--finished", type=int, default=0, help="walks long over, beside which the idle tick is timed")
    parser.add_argument("--rules", action="store_true", help="with three sending rules on")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.worker:
        return _work()
    set_up()
    migrate()
    message_version, contact_ids = people_and_message(options.enrolments)
    version_id = _journey(message_version)
    set_rules(on=options.rules)
    history = message_version if options.rules else None
    params = {"enrolments": options.enrolments, "rules": RULES if options.rules else 0}
    _enrol(version_id, contact_ids)
    by_sql = _plain_sql(message_version)
    report(options.json, "journey", params, plain_sql_per_second=(by_sql, "1/s"))
    rates = []
    for workers in sorted({1, options.workers}):
        _enrol(version_id, contact_ids, history)
        rate, memory = _advance(workers, len(contact_ids))
        rates.append(rate)
        params["workers"] = workers
        report(options.json, "journey", params, steps_per_second=(rate, "1/s"), memory=(memory, "MiB"))
    report(
        options.json,
        "journey",
        params,
        share_of_plain_sql=(rates[0] / by_sql, "ratio"),
        gain_by_workers=(rates[-1] / rates[0], "ratio"),
    )
    # Everybody stands at their next wait by now.
    fill_others(finished=options.finished)
    report(options.json, "journey", {**params, "finished": options.finished}, idle_tick=(_idle_tick() * 1e3, "ms"))
    return 0


def _journey(message_version: int) -> int:
    """A live version: wait, branch on the stage, send, rest."""
    low = {"all": [{"fact": "pyramid.stage", "op": "lte", "value": 3}]}
    steps: dict[str, dict[str, Any]] = {
        WAIT: {"type": "wait", "seconds": 60, "next": FORK},
        FORK: {"type": "branch", "when": low, "then": SEND, "else": SEND, "next": SEND},
        SEND: {"type": "send", "message_version": message_version, "channel": "email", "next": REST},
        REST: {"type": "wait", "seconds": 86_400, "next": None},
    }
    return live_version(steps, reentry="once")


def _enrol(version_id: int, contact_ids: list[int], history: int | None = None) -> None:
    """Put everybody on the first step, all due, each at a moment of their own.

    ``history``: the version of ten earlier messages that each of them got.
    """
    from django.db import connection

    from jouren.core import clock

    now = clock.now()
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE messaging_delivery, journeys_enrolment")
        cursor.execute(
            "INSERT INTO journeys_enrolment (journey_id, version_id, contact_id, occurrence, state, step, arrived_at, "
            "due_at, entered_at) SELECT version.journey_id, version.id, people.id, 1, 1, %s, %s, "
            "%s + people.position * interval '1 microsecond', %s "
            "FROM journeys_journeyversion AS version, unnest(%s) WITH ORDINALITY AS people (id, position) "
            "WHERE version.id = %s",
            [WAIT, now - timedelta(hours=1), now - timedelta(minutes=59), now, contact_ids, version_id],
        )
        if history is not None:
            make_history(history, contact_ids)
        cursor.execute("VACUUM ANALYZE journeys_enrolment, messaging_delivery")
        cursor.execute("CHECKPOINT")


def _plain_sql(message_version: int) -> float:
    """The advancer's writes without its reading and thinking. Returns rows a second."""
    from django.db import connection

    from jouren.core import clock
    from jouren.journeys.engine import BATCH

    moved, started, now = 0, time.perf_counter(), clock.now()
    with connection.cursor() as cursor:
        while True:
            cursor.execute(_PLAIN, {"now": now, "send": SEND, "rest": REST, "version": message_version, "batch": BATCH})
            if not cursor.rowcount:
                return moved / (time.perf_counter() - started)
            moved += cursor.rowcount


_PLAIN = """
WITH due AS (
    SELECT id, contact_id FROM journeys_enrolment
    WHERE state = 1 AND due_at <= %(now)s ORDER BY due_at LIMIT %(batch)s FOR UPDATE SKIP LOCKED
), moved AS (
    UPDATE journeys_enrolment AS enrolment
    SET step = %(rest)s, arrived_at = %(now)s, due_at = %(now)s + interval '1 day'
    FROM due WHERE enrolment.id = due.id
)
INSERT INTO messaging_delivery (run_id, step, contact_id, occurrence, channel, lane, state, due_at, try_at, planned_at,
                                message_version_id)
SELECT 1, %(send)s, contact_id, 1, 'email', 1, 0, %(now)s, %(now)s, %(now)s, %(version)s FROM due
ON CONFLICT DO NOTHING
"""


def _advance(workers: int, count: int) -> tuple[float, float]:
    """Let worker processes move everybody. Returns rows a second and the largest process's MiB."""
    command = [sys.executable, "-m", "benchmarks", "journey", "--worker"]
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(workers)
    ]
    for process in processes:
        _line(process)
    started = time.perf_counter()
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    results = [_line(process) for process in processes]
    seconds = time.perf_counter() - started
    for process in processes:
        process.wait(30)
    moved = sum(result["moved"] for result in results)
    if moved != count:
        raise RuntimeError(f"{moved} of {count} people were moved.")
    return count / seconds, max(result["memory"] for result in results)


def _line(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout is not None
    answer: dict[str, Any] = json.loads(process.stdout.readline())
    return answer


def _work() -> int:
    load()
    from jouren.core.interpreter import tune_for_loops
    from jouren.journeys import engine

    tune_for_loops()
    print(json.dumps({"ready": True}), flush=True)
    sys.stdin.readline()
    moved = idle = 0
    while idle < 3:
        done = engine.tick()
        moved += done
        idle = 0 if done else idle + 1
    print(json.dumps({"moved": moved, "memory": resident_mib()}), flush=True)
    return 0


def _idle_tick() -> float:
    """Seconds of a tick that finds nobody due, the median of many."""
    from jouren.journeys import engine

    times = []
    for _ in range(200):
        started = time.perf_counter()
        engine.tick()
        times.append(time.perf_counter() - started)
    return sorted(times)[len(times) // 2]
