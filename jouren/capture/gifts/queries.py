"""What messages ask about gifts."""

from __future__ import annotations

from datetime import datetime

from jouren.capture.models import Form
from jouren.messaging.gifts import Shown
from jouren.messaging.models import Delivery


def gift_choices() -> list[tuple[str, str]]:
    """The forms that have a gift, for a message's editor."""
    return [(str(form.pk), form.gift_name) for form in Form.objects.filter(gift__isnull=False).select_related("gift")]


def shown_in_messages(form_id: int) -> Shown | None:
    """What a message shows of a form's gift; None where there is none."""
    form = Form.objects.filter(pk=form_id, gift__isnull=False).select_related("gift").first()
    return Shown(form.gift_name, form.gift_days) if form is not None else None


def handed_over_at(delivery_id: int, form_id: int) -> datetime | None:
    """When a message that shows the gift of a form went out; None where it did not, or shows none."""
    delivery = Delivery.objects.select_related("message_version").filter(pk=delivery_id).first()
    if delivery is None:
        return None
    bodies = delivery.message_version.bodies
    if not any(form_id in body.get("gifts", ()) for body in bodies.values()):
        return None
    return delivery.sent_at or delivery.due_at
