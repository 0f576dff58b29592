"""Pure rules of this room."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

_HOUR = timedelta(hours=1)


def fingerprint(compiled: Mapping[str, Any]) -> str:
    """A hash that is equal for equal programs, or parts of one."""
    text = json.dumps(compiled, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def paced(busy_until: datetime | None, now: datetime, per_hour: int, count: int) -> tuple[list[datetime], datetime]:
    """When each of ``count`` people may begin, evenly spaced, and until when the allowance is used up after them."""
    spacing = _HOUR / per_hour
    begin = max(now, busy_until or now)
    return [begin + spacing * place for place in range(count)], begin + spacing * count


def find_circle(start: int, edges: Iterable[tuple[int, int]]) -> list[int]:
    """The shortest way along ``edges`` (from, to) that leads from ``start`` back to it; empty when there is none."""
    following: dict[int, list[int]] = defaultdict(list)
    for origin, target in edges:
        following[origin].append(target)
    seen: set[int] = set()
    ways = deque([[start]])
    while ways:
        way = ways.popleft()
        for target in following[way[-1]]:
            if target == start:
                return [*way, start]
            if target not in seen:
                seen.add(target)
                ways.append([*way, target])
    return []
