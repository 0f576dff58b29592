"""What this room forgets when a person is erased."""

from __future__ import annotations

from collections.abc import Sequence

from jouren.capture.models import Registration, Touch, Visitor


def erase_people(contact_ids: Sequence[int]) -> None:
    """Delete their registrations, and the visits of every browser that was theirs."""
    visitors = set(Visitor.objects.filter(contact__in=contact_ids).values_list("pk", flat=True))
    Registration.objects.filter(contact__in=contact_ids).delete()
    Touch.objects.filter(visitor__in=visitors).delete()
    Visitor.objects.filter(pk__in=visitors).delete()
