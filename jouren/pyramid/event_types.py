"""What can happen in the pyramid."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from jouren.contacts.timeline import register_value_label
from jouren.events.types import EventType, register_event_type
from jouren.pyramid.models import ChangeReason
from jouren.pyramid.stages import Stage

STAGE_ENTERED = EventType(
    "stage.entered",
    _("Stage entered"),
    {"from": int, "to": int, "reason": str},
    sentence=_("From %(from)s to %(to)s: %(reason)s."),
)


def stage_label(value: object) -> str:
    """The name of a stage's number."""
    return str(Stage(value).label) if value in Stage.values else str(value)


def reason_label(value: object) -> str:
    """The name of a reason; one that another room made up stands for itself."""
    return str(ChangeReason(value).label) if value in ChangeReason.values else str(value)


def register() -> None:
    """Make this room's event types known."""
    register_event_type(STAGE_ENTERED)
    register_value_label("stage.entered", "from", stage_label)
    register_value_label("stage.entered", "to", stage_label)
    register_value_label("stage.entered", "reason", reason_label)
