"""Sending rules for benchmarks: those of a new shop, or three that are asked of everybody and let everybody pass."""

from __future__ import annotations

from typing import Any

RULES = 3
_HISTORY = """
INSERT INTO messaging_delivery (
    run_id, step, contact_id, occurrence, channel, lane, state, due_at, try_at, planned_at, sent_at, message_version_id,
    attempts
)
SELECT %(run)s, gen_random_uuid(), people.id, 0, 'email', 2, 2, moment, moment, moment, moment, %(version)s, 1
FROM unnest(%(contacts)s) AS people (id), generate_series(1, 10) AS message,
     LATERAL (SELECT now() - message * interval '6 days' - people.id %% 1000 * interval '1 minute' AS moment) AS went
"""


def set_rules(*, on: bool) -> None:
    """Put three rules in force, or those that a new shop has."""
    from datetime import datetime, time, timedelta
    from zoneinfo import ZoneInfo

    from jouren.core import clock
    from jouren.messaging.sending_rules.actions import save_rules
    from jouren.messaging.sending_rules.terms import Cap, Quiet, Readiness, Rules, Unit

    zone = ZoneInfo("Asia/Tokyo")
    later: datetime = clock.now().astimezone(zone) + timedelta(hours=6)
    quiet = Quiet(time(later.hour), time((later.hour + 6) % 24))
    caps = (Cap(0, 5, Unit.DAYS, 30), Cap(0, 3, Unit.WEEK, channel="email"))
    save_rules(Rules(zone, quiet=quiet, caps=caps) if on else Rules(zone, readiness=Readiness(3)))


def make_history(version_id: int, contact_ids: list[int]) -> None:
    """Ten messages to each of these people, six days apart, so that caps have something to count."""
    from django.db import connection

    from jouren.messaging.actions import create_run
    from jouren.messaging.vocabulary import RunKind

    parameters: dict[str, Any] = {
        "run": create_run(RunKind.BROADCAST, "history").pk,
        "version": version_id,
        "contacts": contact_ids,
    }
    with connection.cursor() as cursor:
        cursor.execute(_HISTORY, parameters)
        cursor.execute("VACUUM ANALYZE messaging_delivery")
