"""What is forgotten as time goes by."""

from __future__ import annotations

from procrastinate.contrib.django import app

from jouren.capture import purging


@app.periodic(cron="20 4 * * *")
@app.task(name="capture.purge", queueing_lock="capture.purge", pass_context=False)
def purge(timestamp: int) -> None:
    """Once a day: unconfirmed registrations, old visits. ``timestamp`` is the scheduler's."""
    purging.purge_unconfirmed()
    purging.purge_visitors()
