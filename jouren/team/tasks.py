"""What is forgotten as time goes by."""

from __future__ import annotations

from datetime import timedelta

from procrastinate.contrib.django import app

from jouren.core import clock
from jouren.core.sql import load_sql

_sql = load_sql("team")
KEEP_DONE = timedelta(days=90)


@app.periodic(cron="50 4 * * *")
@app.task(name="team.purge", queueing_lock="team.purge", pass_context=False)
def purge(timestamp: int) -> None:
    """Once a day: notices that were done with long ago. ``timestamp`` is the scheduler's."""
    purge_notices()


def purge_notices() -> int:
    """Delete notices that were done with 90 days ago. Returns how many went."""
    return _sql.run("purge", {"before": clock.now() - KEEP_DONE})
