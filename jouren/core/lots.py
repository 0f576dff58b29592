"""Drawing lots: the same person always draws the same lot of the same subject, in Python and in SQL alike.

A lot is the first 32 bits of SHA-256 over ``subject:person``, so that two subjects draw independently of each other.
The SQL functions ``core_lot(subject, contact_id)`` and ``core_is_drawn(subject, contact_id, percent)`` do the same.
"""

from __future__ import annotations

import hashlib

LOTS = 2**32
"""How many lots there are, each as likely as any other."""


def lot(subject: str, contact_id: int) -> int:
    """A person's lot, from 0 up to but not including ``LOTS``."""
    return int.from_bytes(hashlib.sha256(f"{subject}:{contact_id}".encode()).digest()[:4])


def is_drawn(subject: str, contact_id: int, percent: int) -> bool:
    """Whether a person is among the ``percent`` of all who are drawn. With a larger percentage they still are."""
    return lot(subject, contact_id) * 100 < percent * LOTS
