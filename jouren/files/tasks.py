"""Jobs of this room."""

from __future__ import annotations

from procrastinate.contrib.django import app


@app.periodic(cron="20 4 * * *")
@app.task(name="files.forget_uploads", queueing_lock="files.forget_uploads", pass_context=False)
def forget_uploads(timestamp: int) -> None:
    """Once a day: delete zips that nobody said yes to."""
    from jouren.files.uploads import forget_uploads

    forget_uploads()
