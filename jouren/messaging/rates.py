"""Limits of the relay and of receiving domains. What is over a limit is put off, never dropped.

Each limit keeps the moment until which its allowance is used up. A message over a domain's limit reserves its own
moment there and is tried then, without asking again; so a million of them cost one more write each. Transactional
messages use the allowance up but wait for none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from jouren.core.sql import load_sql
from jouren.messaging.policies import BURST, allowance, spend

_sql = load_sql("messaging")
RELAY = ""


def relay_allowance(now: datetime, per_second: float) -> int:
    """How many messages the relay may get now. Other senders wait for this transaction."""
    return allowance(_locked(now, [RELAY])[RELAY], now, per_second)


def spend_relay(now: datetime, per_second: float, count: int) -> None:
    """Note that the relay gets ``count`` messages."""
    if count:
        _set({RELAY: spend(_locked(now, [RELAY])[RELAY], now, per_second, count)})


def reserve(
    addresses: Sequence[str], limits: Mapping[str, float], now: datetime, *, waits: bool
) -> list[datetime | None]:
    """For each address: None when a message may go now, or the moment reserved for it."""
    domains = [address.rpartition("@")[2].lower() for address in addresses]
    limited = sorted(limits.keys() & set(domains))
    moments: list[datetime | None] = [None] * len(addresses)
    if not limited:
        return moments
    clocks = _locked(now, limited)
    for place, domain in enumerate(domains):
        if domain in clocks:
            clocks[domain] = spend(clocks[domain], now, limits[domain])
            if waits and clocks[domain] > now:
                moments[place] = clocks[domain]
    _set(clocks)
    return moments


def _locked(now: datetime, keys: list[str]) -> dict[str, datetime]:
    clocks = dict(_sql.all("lock_clocks", {"keys": keys}))
    if len(clocks) < len(keys):
        _sql.run("start_clocks", {"keys": keys, "start": now - BURST})
        clocks = dict(_sql.all("lock_clocks", {"keys": keys}))
    return clocks


def _set(clocks: Mapping[str, datetime]) -> None:
    _sql.run("set_clocks", {"keys": list(clocks), "busy_until": list(clocks.values())})
