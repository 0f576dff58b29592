"""A live journey for benchmarks, made without the editor, and the many who are in others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def live_version(steps: Mapping[str, Mapping[str, Any]], *, reentry: str) -> int:
    """The only live journey from now on: whoever buys walks these compiled steps. Returns its version."""
    from jouren.core import clock
    from jouren.journeys.models import Journey, JourneyVersion
    from jouren.journeys.policies import fingerprint
    from jouren.journeys.program import SCHEMA
    from jouren.messaging.actions import create_run
    from jouren.messaging.vocabulary import RunKind

    compiled: dict[str, Any] = {
        "schema": SCHEMA,
        "zone": "Asia/Tokyo",
        "first": next(iter(steps)),
        "triggers": [{"event": "order.paid", "match": {}}],
        "reentry": reentry,
        "entry": None,
        "goal": None,
        "exits": [],
        "steps": steps,
    }
    JourneyVersion.objects.filter(live=True).update(live=False)
    Journey.objects.filter(name="benchmark").delete()
    journey = Journey.objects.create(name="benchmark")
    version = JourneyVersion.objects.create(
        journey=journey,
        number=1,
        compiled=compiled,
        schema=SCHEMA,
        hash=fingerprint(compiled),
        run=create_run(RunKind.JOURNEY, "benchmark", f"bench-{journey.pk}"),
        created_at=clock.now(),
    )
    return version.pk


_CROWD = """
INSERT INTO journeys_enrolment (journey_id, version_id, contact_id, occurrence, state, step, arrived_at, due_at,
    entered_at, ended_at)
SELECT %(journey)s, %(version)s, n, 1, CASE WHEN n > %(waiting)s THEN 2 ELSE 1 END, %(step)s, %(now)s,
       CASE WHEN n <= %(waiting)s THEN %(now)s + interval '1 day' + n * interval '1 second' END,
       %(now)s, CASE WHEN n > %(waiting)s THEN %(now)s END
FROM generate_series(1, %(waiting)s + %(finished)s) AS n
"""


def fill_others(*, waiting: int = 0, finished: int = 0) -> None:
    """So many people stand in a journey that is no longer published, a day at least, and so many have finished it."""
    from django.db import connection

    from jouren.core import clock
    from jouren.journeys.models import Journey, JourneyVersion
    from jouren.messaging.actions import create_run
    from jouren.messaging.vocabulary import RunKind

    Journey.objects.filter(name="benchmark, others").delete()
    journey = Journey.objects.create(name="benchmark, others")
    live = JourneyVersion.objects.get(live=True)
    version = JourneyVersion.objects.create(
        journey=journey,
        number=1,
        live=False,
        compiled=live.compiled,
        schema=live.schema,
        hash=live.hash,
        run=create_run(RunKind.JOURNEY, "benchmark, others", f"bench-{journey.pk}"),
        created_at=clock.now(),
    )
    crowd = {"journey": journey.pk, "version": version.pk, "step": next(iter(live.compiled["steps"]))}
    with connection.cursor() as cursor:
        cursor.execute(_CROWD, {**crowd, "now": clock.now(), "waiting": waiting, "finished": finished})
        cursor.execute("VACUUM ANALYZE journeys_enrolment")
        cursor.execute("CHECKPOINT")
