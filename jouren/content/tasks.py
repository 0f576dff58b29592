"""What goes live, or ends, at a time that its author has set."""

from __future__ import annotations

from django.core.management import call_command
from procrastinate.contrib.django import app


@app.periodic(cron="* * * * *")
@app.task(name="content.publish_scheduled", queueing_lock="content.publish_scheduled", pass_context=False)
def publish_scheduled(timestamp: int) -> None:
    """Every minute: publish and end what has come due: pages, journeys, messages. ``timestamp`` is the scheduler's."""
    call_command("publish_scheduled")
