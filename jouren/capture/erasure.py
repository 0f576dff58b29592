"""What this room does when a person is erased, or turns out to be somebody known."""

from __future__ import annotations

from collections.abc import Sequence

from jouren.capture.models import Registration, Touch, Visitor


def erase_people(contact_ids: Sequence[int]) -> None:
    """Delete their registrations, and the visits of every browser that was theirs."""
    visitors = set(Visitor.objects.filter(contact__in=contact_ids).values_list("pk", flat=True))
    Registration.objects.filter(contact__in=contact_ids).delete()
    Touch.objects.filter(visitor__in=visitors).delete()
    Visitor.objects.filter(pk__in=visitors).delete()


def merge_people(kept_id: int, gone_id: int) -> None:
    """Give the registrations and browsers of one person to another."""
    Registration.objects.filter(contact=gone_id).update(contact=kept_id)
    Visitor.objects.filter(contact=gone_id).update(contact=kept_id)
