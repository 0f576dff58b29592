"""Jobs of this room."""

from __future__ import annotations

from procrastinate.contrib.django import app


@app.task(name="imports.work", pass_context=False)
def work(import_id: int) -> None:
    """Work on an import for a while; what is left is a job of its own, behind the others that wait."""
    from jouren.imports.actions import go_on

    go_on(import_id)


@app.periodic(cron="*/5 * * * *")
@app.task(name="imports.take_up", queueing_lock="imports.take_up", pass_context=False)
def take_up(timestamp: int) -> None:
    """Every five minutes: give imports a job again whose own one was lost. ``timestamp`` is the scheduler's."""
    from jouren.imports.actions import take_up_lost

    take_up_lost()


@app.periodic(cron="25 4 * * *")
@app.task(name="imports.forget_files", queueing_lock="imports.forget_files", pass_context=False)
def forget_files(timestamp: int) -> None:
    """Once a day: delete files of imports that ended, or were left, a week ago."""
    from jouren.imports.actions import forget_old_files

    forget_old_files()
