"""Lengths of time in buckets of one per cent and a half, so that medians can be told from counts. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from math import log2

_LEAST = 60.0
_PER_DOUBLING = 48


def bucket_of(seconds: float) -> int:
    """The bucket of a length of time; 0 below a minute."""
    return 0 if seconds < _LEAST else round(_PER_DOUBLING * log2(seconds / _LEAST)) + 1


def seconds_of(bucket: int) -> float:
    """The length that stands for a bucket."""
    return 0.0 if bucket == 0 else _LEAST * 2.0 ** ((bucket - 1) / _PER_DOUBLING)


def quantile(counts: Mapping[int, int], share: float) -> float | None:
    """The length in seconds that ``share`` of all do not exceed; None of nobody. Right to about 0.7 per cent."""
    wanted = share * sum(counts.values())
    if not wanted:
        return None
    passed = 0
    for bucket in sorted(counts):
        passed += counts[bucket]
        if passed >= wanted:
            return seconds_of(bucket)
    return None
