"""How long the figures and the report of a journey take: to count them whole, and to look at them on a screen.

``--enrolments`` people have entered a journey with ``--messages`` messages and waits, in 90 days; one of ten is held
back to compare, one of three buys; a row of passages for each step, hour of waiting and day.
"""

from __future__ import annotations

import argparse
import time
import uuid
from typing import Any

from benchmarks.environment import migrate, report, resident_mib, set_up
from benchmarks.live import live_version

_WALKS = """
INSERT INTO journeys_enrolment (journey_id, version_id, contact_id, occurrence, state, step, arrived_at, due_at,
    entered_at, ended_at)
SELECT %(journey)s, %(version)s, n, 1, CASE WHEN n %% 10 = 0 THEN 5 ELSE 1 + n %% 3 END,
       CASE WHEN n %% 10 > 0 THEN (%(steps)s::uuid[])[1 + n %% %(count)s] END, now(),
       CASE WHEN n %% 3 = 0 AND n %% 10 > 0 THEN now() + interval '1 day' END, now() - n %% 90 * interval '1 day',
       CASE WHEN n %% 3 > 0 AND n %% 10 > 0 THEN now() END
FROM generate_series(1, %(people)s) AS n
"""
_MAILS = """
INSERT INTO messaging_delivery (run_id, step, contact_id, occurrence, channel, lane, state, due_at, try_at, planned_at,
    message_version_id, sent_at, first_opened_at, first_clicked_at, bounced_at)
SELECT %(run)s, step, n, 1, 'email', 1, CASE WHEN n %% 50 = 1 THEN 5 ELSE 2 END, now(), now(), now(), 1,
       CASE WHEN n %% 50 <> 1 THEN now() - n %% 90 * interval '1 day' + place * interval '1 day' END,
       CASE WHEN n %% 3 = 0 THEN now() END, CASE WHEN n %% 30 = 3 THEN now() END, CASE WHEN n %% 70 = 0 THEN now() END
FROM generate_series(1, %(people)s) AS n, unnest(%(sends)s::uuid[]) WITH ORDINALITY AS sends (step, place)
WHERE n %% 10 > 0
"""
_ORDERS = """
INSERT INTO events_event (contact_id, type, version, occurred_at, recorded_at, source, payload, historical)
SELECT n, kind, 1, at, at, 'bench', payload, false
FROM generate_series(1, %(people)s) AS n
CROSS JOIN LATERAL (VALUES
    ('page.visited', now() - n %% 90 * interval '1 day' + interval '2 hours', '{"page": "/"}'::jsonb),
    ('page.visited', now() - n %% 90 * interval '1 day' + interval '50 hours', '{"page": "/"}'::jsonb),
    ('order.paid', now() - n %% 90 * interval '1 day' + n %% 40 * interval '1 day' + interval '3 hours',
     jsonb_build_object('order', n::text, 'kind', 'regular', 'amount', 1000 + n %% 7 * 500, 'currency', 'JPY',
                        'products', jsonb_build_array('tea')))
) AS event (kind, at, payload)
WHERE kind <> 'order.paid' OR n %% 5 = 0 OR n %% 7 = 0
"""
_PASSAGES = """
INSERT INTO reports_passage (version_id, step, next, day, bucket, people)
SELECT %(version)s, step, NULL, current_date - d, b, 5
FROM unnest(%(steps)s::uuid[]) AS step, generate_series(0, 89) AS d, generate_series(1, 24) AS b
"""


def main(arguments: list[str]) -> int:
    """Fill the tables, and time; see ``--help``."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks reports", description=__doc__)
    parser.add_argument("--enrolments", type=int, default=100_000)
    parser.add_argument("--messages", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    set_up()
    migrate()
    journey, version = _fill(options.enrolments, options.messages)
    params = {"enrolments": options.enrolments, "messages": options.messages}
    from jouren.journeys.queries import figures
    from jouren.journeys.results import results_of
    from jouren.reports.queries import make_report

    report(
        options.json,
        "reports",
        params,
        people_and_messages=(_best(lambda: figures(journey)), "ms"),
        results=(_best(lambda: results_of(journey, version.compiled)), "ms"),
        report=(_best(lambda: make_report(journey)), "ms"),
        report_of_version=(_best(lambda: make_report(journey, version)), "ms"),
    )
    first, later, counting = _screens(journey, version)
    report(
        options.json,
        "reports",
        params,
        first_look=(first, "ms"),
        counted_by_jobs=(counting, "ms"),
        later_look=(later, "ms"),
        resident=(resident_mib(), "MiB"),
    )
    return 0


def _fill(people: int, messages: int) -> tuple[Any, Any]:
    from datetime import timedelta

    from django.db import connection

    from jouren.core import clock
    from jouren.events.partitions import ensure_partitions
    from jouren.journeys.conversions import PURCHASE
    from jouren.journeys.models import JourneyVersion
    from jouren.messaging.models import Run

    ids = [str(uuid.uuid4()) for _ in range(messages * 2)]
    steps: dict[str, dict[str, Any]] = {}
    for place, step in enumerate(ids):
        following = ids[place + 1] if place + 1 < len(ids) else None
        steps[step] = (
            {"type": "wait", "seconds": 86_400, "next": following}
            if place % 2
            else {"type": "send", "message_version": 1, "channel": "email", "next": following}
        )
    version = JourneyVersion.objects.select_related("journey", "run").get(pk=live_version(steps, reentry="once"))
    version.compiled = {**version.compiled, "conversion": dict(PURCHASE), "conversion_days": 30, "holdout": 10}
    version.created_at = clock.now() - timedelta(days=85)
    version.save()
    for months in range(4):
        ensure_partitions(clock.now() - timedelta(days=months * 30.5))
    Run.objects.filter(pk=version.run_id).update(reference=str(version.journey_id))
    values: dict[str, Any] = {
        "journey": version.journey_id,
        "version": version.pk,
        "run": version.run_id,
        "people": people,
        "steps": ids,
        "sends": ids[::2],
        "count": len(ids),
    }
    with connection.cursor() as cursor:
        cursor.execute(
            "TRUNCATE messaging_delivery, journeys_enrolment, reports_passage, reports_unsubscription, events_event, "
            "events_inbox, reports_keptfigures"
        )
        for statement in (_WALKS, _MAILS, _ORDERS, _PASSAGES):
            cursor.execute(statement, values)
        cursor.execute("VACUUM ANALYZE messaging_delivery, journeys_enrolment, reports_passage, events_event")
    return version.journey, version


def _screens(journey: Any, version: Any) -> tuple[float, float, float]:
    """Milliseconds that both screens together wait for their figures: at the first look, later, and all jobs."""
    from jouren.reports.kept import count_kept, report_of, standing_of
    from jouren.reports.models import KeptFigures
    from jouren.reports.picture import draw
    from jouren.reports.queries import Period
    from jouren.reports.rows import rows_of

    def look() -> None:
        standing_of(journey, version)
        kept = report_of(journey, None, Period())
        if kept.answer is not None:
            draw(rows_of(version.compiled, kept.answer), "benchmark")

    def count() -> None:
        for kept_id in KeptFigures.objects.values_list("pk", flat=True):
            count_kept(kept_id)

    first, counting = _best(look, 1), _best(count, 1)
    return first, _best(look), counting


def _best(work: Any, times_over: int = 3) -> float:
    """Milliseconds of the best of some tries."""
    times = []
    for _ in range(times_over):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return min(times) * 1e3
