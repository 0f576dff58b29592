"""Of two things that a source said about one thing, the later one counts, in whatever order they come."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.crypto import salted_hmac

from jouren.core.sql import load_sql

_sql = load_sql("connectors")


@dataclass(frozen=True, slots=True)
class News:
    """Whether what was said is later than all before, and something else; ``before``: a digest of what that was."""

    is_new: bool
    before: str | None


def note(connection_id: int, thing: str, at: datetime, said: object) -> News:
    """Note what a source said of a thing."""
    about = {"connection_id": connection_id, "thing": _short(thing)}
    row = _sql.one("last_told", about)
    before = row[1] if row else None
    now_said = said_digest(said)
    is_later = _sql.one("tell", {**about, "at": at, "said": now_said}) is not None
    return News(is_later and before != now_said, before)


def said_digest(said: object) -> str:
    """What is kept of something said."""
    return _short(json.dumps(_sorted(said), ensure_ascii=False, sort_keys=True, default=str))


def _sorted(said: object) -> Any:
    return dict(said) if isinstance(said, Mapping) else said


def _short(text: str) -> str:
    # Keyed: without this installation's secret nobody can find out a name by trying names.
    plain = text.encode(errors="replace").decode()
    return salted_hmac("jouren.connectors.told", plain, algorithm="sha256").hexdigest()[:32]
