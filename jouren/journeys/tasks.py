"""Jobs of journeys."""

from __future__ import annotations

from procrastinate.contrib.django import app

from jouren.journeys import dry_run


@app.task(name="journeys.play_dry_run", pass_context=False)
def play_dry_run(run_id: int) -> None:
    """Play a dry run. Killed on the way it begins anew."""
    dry_run.play_all(run_id)


@app.periodic(cron="50 4 * * *")
@app.task(name="journeys.forget_dry_runs", queueing_lock="journeys.forget_dry_runs", pass_context=False)
def forget_dry_runs(timestamp: int) -> None:
    """Once a day: delete old dry runs. ``timestamp`` is the scheduler's."""
    dry_run.forget_old_dry_runs()
