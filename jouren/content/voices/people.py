"""What erasing and merging people does to their voices."""

from __future__ import annotations

from collections.abc import Sequence

from jouren.content.voices.models import Voice
from jouren.content.voices.vocabulary import State
from jouren.core import clock

EMPTY = {
    "contact": None,
    "original": "",
    "text": "",
    "name_form": "",
    "shown_name": "",
    "age_group": "",
    "prefecture": "",
    "note": "",
}


def forget_people(contact_ids: Sequence[int]) -> None:
    """Withdraw their voices and forget all that these say; that there was a permission, and when, stays."""
    now = clock.now()
    Voice.objects.filter(contact__in=contact_ids).update(
        **EMPTY, state=State.WITHDRAWN, withdrawn_at=now, changed_at=now
    )


def merge_people(kept_id: int, gone_id: int) -> None:
    """Give one person's voices to the other."""
    Voice.objects.filter(contact=gone_id).update(contact=kept_id)
