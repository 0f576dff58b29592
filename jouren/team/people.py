"""What erasing and merging people does to what colleagues were told of them."""

from __future__ import annotations

from collections.abc import Sequence

from jouren.team.models import Notice


def forget_people(contact_ids: Sequence[int]) -> None:
    """Delete the notices about erased people. Runs in the transaction of the erasure."""
    Notice.objects.filter(contact_id__in=contact_ids).delete()


def merge_people(kept_id: int, gone_id: int) -> None:
    """Let the notices about one person be about the other."""
    Notice.objects.filter(contact_id=gone_id).update(contact_id=kept_id)
