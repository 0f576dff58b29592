"""Of two things that a source said about one thing, the later one counts, in whatever order they come."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from jouren.core.sql import load_sql

_sql = load_sql("connectors")


def is_news(connection_id: int, thing: str, at: datetime, said: object) -> bool:
    """Note what a source said of a thing. Whether it is later than all it said before, and something else."""
    before = said_last(connection_id, thing)
    now_said = said_digest(said)
    told = {"connection_id": connection_id, "thing": _short(thing), "at": at, "said": now_said}
    return _sql.one("tell", told) is not None and (before is None or before != now_said)


def said_last(connection_id: int, thing: str) -> str | None:
    """The digest of what a source said last of a thing; None when it said nothing yet."""
    row = _sql.one("last_told", {"connection_id": connection_id, "thing": _short(thing)})
    return row[1] if row else None


def said_digest(said: object) -> str:
    """What is kept of something said."""
    return _short(json.dumps(_sorted(said), ensure_ascii=False, sort_keys=True, default=str))


def _sorted(said: object) -> Any:
    return dict(said) if isinstance(said, Mapping) else said


def _short(text: str) -> str:
    return sha256(text.encode(errors="replace")).hexdigest()[:32]
