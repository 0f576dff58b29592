from __future__ import annotations

from procrastinate.contrib.django import app

from jouren.core.allowances import forget_over
from jouren.core.jobs import retry_stalled


@app.periodic(cron="* * * * *")
@app.task(name="core.retry_stalled_jobs", queueing_lock="core.retry_stalled_jobs", pass_context=False)
async def retry_stalled_jobs(timestamp: int) -> None:
    """Every minute: take up again what dead workers left."""
    await retry_stalled()


@app.periodic(cron="40 4 * * *")
@app.task(name="core.forget_allowances", queueing_lock="core.forget_allowances", pass_context=False)
def forget_allowances(timestamp: int) -> None:
    """Once a day: delete the limits whose window is over."""
    forget_over()
