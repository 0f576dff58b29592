"""What hinders mail from leaving, kept so that people see it in the back office, whichever process met it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from jouren.core.relay import Trouble, describe
from jouren.core.sql import load_sql

_sql = load_sql("messaging")


@dataclass(frozen=True)
class KnownTrouble:
    """A trouble as people read it: what it is, how to mend it, what the server said, and since when."""

    text: str
    mend: str
    detail: str
    since: datetime


def note_trouble(channel: str, trouble: Trouble | None) -> None:
    """Keep a channel's trouble; None: there is none any more."""
    if trouble is None:
        _sql.run("forget_trouble", {"channel": channel})
        return
    _sql.run(
        "note_trouble",
        {
            "channel": channel,
            "kind": trouble.kind.value,
            "detail": trouble.detail,
            "is_permanent": trouble.is_permanent,
        },
    )


def known_trouble(channel: str = "email", tell: Callable[[str], tuple[str, str]] = describe) -> KnownTrouble | None:
    """What hinders a channel now; ``tell`` puts a kind of trouble into words.

    A passing trouble that nobody met for ten minutes is over.
    """
    row = _sql.one("known_trouble", {"channel": channel})
    if row is None:
        return None
    kind, detail, since = row
    return KnownTrouble(*tell(kind), detail, since)
