"""What is forgotten as time goes by."""

from __future__ import annotations

from datetime import timedelta

from procrastinate.contrib.django import app

from jouren.connectors.models import Secret
from jouren.core import clock
from jouren.core.sql import load_sql

_sql = load_sql("connectors")
# No shop tries again for longer; and the log of events knows what it has for good.
KEEP = timedelta(days=7)
KEEP_FAILED = timedelta(days=30)


@app.periodic(cron="50 4 * * *")
@app.task(name="connectors.purge", queueing_lock="connectors.purge", pass_context=False)
def purge(timestamp: int) -> None:
    """Once a day: what came long ago, and secrets that ended. ``timestamp`` is the scheduler's."""
    purge_received()


def purge_received() -> int:
    """Delete what came 7 days ago, and 30 days ago where it could not be used. Returns how many went."""
    now = clock.now()
    Secret.objects.filter(ends_at__lt=now - KEEP).delete()
    return _sql.run("purge", {"before": now - KEEP, "failed_before": now - KEEP_FAILED})
