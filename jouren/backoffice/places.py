"""Where a page of a list by moment begins, as its URL says it: the moment and number of the last row before it."""

from __future__ import annotations

from datetime import datetime

Place = tuple[datetime, int]


def write_place(at: datetime, number: int) -> str:
    """For a URL."""
    return f"{at.isoformat()}_{number}"


def read_place(text: str) -> Place | None:
    """What :func:`write_place` wrote; None for anything else."""
    moment, _line, number = text.rpartition("_")
    try:
        at, pk = datetime.fromisoformat(moment), int(number)
    except ValueError:
        return None
    return (at, pk) if at.tzinfo is not None and 0 <= pk < 2**63 else None
