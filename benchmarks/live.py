"""A live journey for benchmarks, made without the editor."""

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
