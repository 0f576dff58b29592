"""Jobs of this room."""

from __future__ import annotations

from procrastinate.contrib.django import app


@app.task(name="reports.write_report")
def write_report(export_id: str) -> None:
    """Write a report that somebody asked for."""
    from jouren.reports.exports import write_export

    write_export(export_id)


@app.task(name="reports.count")
def count(kept_id: int) -> None:
    """Count what somebody wants to see of a large journey."""
    from jouren.reports.kept import count_kept

    count_kept(kept_id)


@app.periodic(cron="50 4 * * *")
@app.task(name="reports.tidy_up", queueing_lock="reports.tidy_up", pass_context=False)
def tidy_up(timestamp: int) -> None:
    """Once a day: forget old files and figures, put counts together, and count large journeys for the morning."""
    from jouren.reports.exports import forget_exports
    from jouren.reports.kept import count_ahead, forget_kept
    from jouren.reports.recording import put_together

    forget_exports()
    put_together()
    forget_kept()
    count_ahead()
