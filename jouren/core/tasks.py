from __future__ import annotations

from procrastinate.contrib.django import app

from jouren.core.jobs import retry_stalled


@app.periodic(cron="* * * * *")
@app.task(name="core.retry_stalled_jobs", queueing_lock="core.retry_stalled_jobs", pass_context=False)
async def retry_stalled_jobs(timestamp: int) -> None:
    """Every minute: take up again what dead workers left."""
    await retry_stalled()
