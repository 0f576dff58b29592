"""How long a dry run takes, from its start to the last story kept: everybody's walks over a year of theirs.

``--people`` with three purchases each, ten visits and clicks, in a year; a journey of ``--steps`` steps that sends,
waits ten days, and branches by purchases or stage, in turn. Beside it, in the same run, the database alone copies out
the same rows: the people with their addresses, the events, purchases, stages, consents, suppressions and messages.
"""

from __future__ import annotations

import argparse
import os
import time
import uuid
from datetime import datetime, timedelta
from typing import Any

from benchmarks.environment import database_seconds, migrate, own_seconds, report, resident_mib, set_up
from benchmarks.live import live_version
from benchmarks.rules import RULES, make_history, set_rules
from benchmarks.send import people_and_message

YEAR = timedelta(days=365)
_ORDERS = """
INSERT INTO orders_order (contact_id, source, number, kind, amount, currency, products, paid_at, event_id)
SELECT person, 'bench', person || '-' || n, 'regular', 3980, 'JPY', '{tea}', %(start)s::timestamptz
       + n * interval '100 days' + person %% 5000 * interval '20 minutes', 0
FROM unnest(%(people)s) AS person, generate_series(0, 2) AS n
"""
_PAID = """
INSERT INTO events_event (contact_id, type, version, occurred_at, recorded_at, source, payload, historical)
SELECT contact_id, 'order.paid', 1, paid_at, paid_at, 'bench', jsonb_build_object('order', number, 'kind', kind,
       'amount', amount, 'currency', currency, 'products', to_jsonb(products)), false
FROM orders_order WHERE source = 'bench'
"""
_OTHERS = """
INSERT INTO events_event (contact_id, type, version, occurred_at, recorded_at, source, payload, historical)
SELECT person, CASE WHEN n %% 2 = 0 THEN 'page.visited' ELSE 'message.clicked' END, 1, moment, moment, 'bench',
       '{"page": "/tea/", "by": "human", "url": "https://example.jp/"}', false
FROM unnest(%(people)s) AS person, generate_series(1, 10) AS n,
     LATERAL (SELECT %(start)s::timestamptz + n * interval '33 days' + person %% 1000 * interval '1 minute' AS moment)
     AS happened
"""
_ROWS = (
    "SELECT * FROM events_event WHERE type = 'order.paid'",
    "SELECT id, language, zone, erased_at FROM contacts_contact",
    "SELECT contact_id, kind, value FROM contacts_identity",
    "SELECT contact_id, paid_at, kind FROM orders_order",
    "SELECT contact_id, to_stage, at FROM pyramid_change",
    "SELECT contact_id, channel, topic, at, is_granted FROM contacts_consent_record",
    "SELECT contact_id, channel, reason, at, lifted_at FROM contacts_suppression",
    "SELECT contact_id, try_at, channel, message_version_id FROM messaging_delivery",
)


def main(arguments: list[str]) -> int:
    """Run the benchmark; see ``--help``."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks dryrun", description=__doc__)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument(
        "--rules", action="store_true", help="with three sending rules on, and ten earlier messages each"
    )
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    set_up()
    migrate()
    from jouren.core import clock

    now = clock.now()
    message_version, people = people_and_message(options.people)
    _consent(people)
    _fill(people, now - YEAR)
    set_rules(on=options.rules)
    if options.rules:
        make_history(message_version, people)
    version_id = _journey(options.steps, message_version)
    copied = _copy_out()
    database = database_seconds()
    started = own_seconds()
    seconds, sent = _dry_run(version_id, now)
    params = {"people": options.people, "steps": options.steps, "rules": RULES if options.rules else 0, "sent": sent}
    report(
        options.json,
        "dryrun",
        params,
        seconds=(seconds, "s"),
        processor_seconds=(own_seconds() - started, "s"),
        database_seconds=(database_seconds() - database, "s"),
        copy_seconds=(copied, "s"),
        times_copying=(seconds / copied, "ratio"),
        load=(os.getloadavg()[0], "processes"),
        memory=(resident_mib(), "MiB"),
    )
    return 0


def _consent(people: list[int]) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM contacts_consent_record WHERE topic = 'bench'")
        cursor.execute(
            "INSERT INTO contacts_consent_record (contact_id, channel, topic, is_granted, at, via) "
            "SELECT person, 'email', 'bench', true, now() - interval '2 years', 'form' FROM unnest(%s) AS person",
            [people],
        )


def _fill(people: list[int], start: datetime) -> None:
    from django.db import connection

    parameters: dict[str, Any] = {"people": people, "start": start}
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE events_event, journeys_enrolment")
        cursor.execute("DELETE FROM orders_order WHERE source = 'bench'")
        for statement in (_ORDERS, _PAID, _OTHERS):
            cursor.execute(statement, parameters if "%(" in statement else None)
        cursor.execute("VACUUM ANALYZE events_event, orders_order, contacts_consent_record")


def _journey(steps: int, message_version: int) -> int:
    """A live version of so many steps: send, wait ten days, branch; from one to the next."""
    ids = [str(uuid.uuid5(uuid.NAMESPACE_OID, f"dryrun-{place}")) for place in range(steps)]
    twice = {"all": [{"fact": "orders.count", "op": "gte", "value": 2}]}
    high = {"all": [{"fact": "pyramid.stage", "op": "gte", "value": 4}]}
    compiled: dict[str, dict[str, Any]] = {}
    for place, step_id in enumerate(ids):
        following = ids[place + 1] if place + 1 < steps else None
        kinds: list[dict[str, Any]] = [
            {"type": "send", "message_version": message_version, "channel": "email"},
            {"type": "wait", "seconds": 10 * 86_400},
            {"type": "branch", "when": high if place % 2 else twice, "then": following, "else": following},
        ]
        compiled[step_id] = {**kinds[place % 3], "next": following}
    return live_version(compiled, reentry="again")


def _copy_out() -> float:
    """Have the database alone read and write out all that a dry run reads. Returns seconds."""
    from django.db import connection

    started = time.perf_counter()
    with connection.cursor() as cursor:
        for rows in _ROWS:
            with cursor.copy(f"COPY ({rows}) TO STDOUT") as copy:
                for _block in copy:
                    pass
    return time.perf_counter() - started


def _dry_run(version_id: int, now: datetime) -> tuple[float, int]:
    """Play everybody through a year. Returns seconds, and how many messages would have gone."""
    from jouren.core.interpreter import tune_for_loops
    from jouren.journeys.dry_run import play_all
    from jouren.journeys.models import DryRun, JourneyVersion

    tune_for_loops()
    version = JourneyVersion.objects.get(pk=version_id)
    DryRun.objects.all().delete()
    run = DryRun.objects.create(
        journey_id=version.journey_id, number=1, compiled=version.compiled, start=now - YEAR, end=now, created_at=now
    )
    started = time.perf_counter()
    play_all(run.pk)
    seconds = time.perf_counter() - started
    run.refresh_from_db()
    if run.totals is None:
        raise RuntimeError(run.error)
    return seconds, run.totals["channels"].get("email", 0)
