"""What is forgotten as time goes by."""

from __future__ import annotations

from datetime import timedelta

from procrastinate.contrib.django import app

from jouren.core import clock
from jouren.core.sql import load_sql

_sql = load_sql("webhooks")
KEEP_DELIVERED = timedelta(days=30)
KEEP_FAILED = timedelta(days=90)


@app.periodic(cron="40 4 * * *")
@app.task(name="webhooks.purge", queueing_lock="webhooks.purge", pass_context=False)
def purge(timestamp: int) -> None:
    """Once a day: calls that ended long ago. ``timestamp`` is the scheduler's."""
    purge_calls()


def purge_calls() -> int:
    """Delete calls delivered 30 days ago and those given up 90 days ago. Returns how many went."""
    now = clock.now()
    return _sql.run("purge", {"delivered_before": now - KEEP_DELIVERED, "failed_before": now - KEEP_FAILED})
