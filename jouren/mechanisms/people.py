"""What erasing people does to what holds of them and what was done for them."""

from __future__ import annotations

from collections.abc import Sequence

from jouren.mechanisms.models import Mark, Task


def forget_people(contact_ids: Sequence[int]) -> None:
    """Nothing holds of them, and nothing is to be done for them any more."""
    Mark.objects.filter(contact__in=contact_ids).delete()
    Task.objects.filter(contact__in=contact_ids).delete()
