"""Which broadcasts ask for a segment: drafts, and those whose condition will still be asked."""

from __future__ import annotations

from jouren.broadcasts.models import Broadcast
from jouren.broadcasts.vocabulary import BroadcastState
from jouren.contacts.segments.actions import Use, condition_asks


def uses_of(segment_id: int) -> list[Use]:
    """The broadcasts that need a segment to stay. What was sent to it needs it no longer."""
    asking = Broadcast.objects.filter(state=BroadcastState.DRAFT) | Broadcast.objects.exclude(next_at=None)
    return [
        Use("broadcast", broadcast.name, broadcast.pk)
        for broadcast in asking.exclude(audience=None).order_by("name", "pk")
        if condition_asks(broadcast.audience, segment_id)
    ]
