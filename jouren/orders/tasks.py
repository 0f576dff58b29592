"""Jobs of this room."""

from __future__ import annotations

from procrastinate.contrib.django import app


@app.task(name="orders.recognise", queueing_lock="orders.recognise", pass_context=False)
def recognise_orders() -> None:
    """Read orders of unknown codes again: what codes mean has changed."""
    from jouren.orders.recognising import recognise_all

    recognise_all()


@app.periodic(cron="40 4 * * *")
@app.task(name="orders.recognise_daily", queueing_lock="orders.recognise_daily", pass_context=False)
def recognise_daily(timestamp: int) -> None:
    """Once a day the same, for what was told of while codes were being mapped. ``timestamp`` is the scheduler's."""
    recognise_orders()


@app.periodic(cron="30 4 * * *")
@app.task(name="orders.forget_waiting", queueing_lock="orders.forget_waiting", pass_context=False)
def forget_waiting(timestamp: int) -> None:
    """Once a day: what has waited for its order for more than a year. ``timestamp`` is the scheduler's."""
    from jouren.orders.telling import forget_waiting as forget

    forget()
