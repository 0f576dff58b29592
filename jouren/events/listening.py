"""Types of events that reach reactions only while somebody listens (``EventType.reacts`` is false)."""

from __future__ import annotations

from collections.abc import Iterable

from jouren.core.sql import load_sql

_sql = load_sql("events")


def listen_to(listener: str, types: Iterable[str]) -> None:
    """Have events of these types reach reactions, as long as this listener says so; what it said before is replaced.

    It holds for what is recorded by statements that begin after the caller's transaction has committed.
    """
    parameters = {"listener": listener, "types": sorted(set(types))}
    _sql.run("listen_no_more", parameters)
    _sql.run("listen", parameters)
