"""What the settings screen shows besides fields."""

from __future__ import annotations

from typing import Any

from wagtail.admin.panels import Panel

from jouren.messaging.relay_trouble import known_trouble
from jouren.messaging.slots import slots_of
from jouren.messaging.vocabulary import Lane


class InFlightPanel(Panel):
    """What the relay's settings come to, as they are stored, and what hinders mail now."""

    class BoundPanel(Panel.BoundPanel):
        template_name = "messaging/in_flight.html"

        def get_context_data(self, parent_context: Any = None) -> dict[str, Any]:
            # What is in the form may have been refused; what holds is what is stored.
            stored = type(self.instance).objects.filter(pk=self.instance.pk).first() or self.instance
            lanes = {lane.name.lower(): len(slots_of(lane, stored.connections)) for lane in Lane}
            context: dict[str, Any] = super().get_context_data(parent_context)
            return {**context, "relay": stored, "lanes": lanes, "trouble": known_trouble()}
