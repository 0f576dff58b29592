"""Parked events: what failed, for whom, and what to do with it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from jouren.backoffice.screens import Act, Screen
from jouren.contacts.models import Contact
from jouren.contacts.queries import canonical_ids
from jouren.events.actions import give_up_parked, retry_parked
from jouren.events.errors import InvalidEvent
from jouren.events.models import ParkedEvent
from jouren.events.types import event_type

PAGE = 100
_FOLLOWING = {
    "journeys": gettext_lazy("entering a journey, or going on in one"),
    "messaging.first_times": gettext_lazy("noting that a message was opened or clicked"),
    "messaging.replies": gettext_lazy("noting that a message was replied to"),
    "orders.keep": gettext_lazy("keeping the purchase"),
    "pyramid.promote": gettext_lazy("rising in the pyramid"),
}


@dataclass(frozen=True)
class Parked:
    """A parked event with its person (None: erased) and its name. ``waits``: it only stands behind another one."""

    event: ParkedEvent
    person: Contact | None
    label: str

    @property
    def waits(self) -> bool:
        return not self.event.reaction

    @property
    def failed(self) -> str:
        """What should have followed, in the words of a shop."""
        return str(_FOLLOWING.get(self.event.reaction, gettext_lazy("what should have followed")))


class ParkedScreen(Screen):
    """Everything that is parked, the oldest first."""

    permissions = ("events.view_parkedevent",)
    template_name = "backoffice/events/parked.html"
    page_title = gettext_lazy("What got stuck")
    header_icon = "warning"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        events = list(ParkedEvent.objects.order_by("event_id")[: PAGE + 1])
        return {
            **super().get_context_data(**kwargs),
            "rows": parked_rows(events[:PAGE]),
            "has_more": len(events) > PAGE,
            "may_change": self.request.user.has_perms(Retry.permissions),
            "may_see_people": self.request.user.has_perm("contacts.view_contact"),
        }


def parked_rows(events: Iterable[ParkedEvent]) -> list[Parked]:
    """Parked events with their people, in two queries."""
    parked = list(events)
    ids = {event.contact_id for event in parked}
    became = canonical_ids(ids)
    people = Contact.objects.filter(erased_at=None).in_bulk([became.get(each, each) for each in ids])
    return [
        Parked(event, people.get(became.get(event.contact_id, event.contact_id)), _label(event.type))
        for event in parked
    ]


def _label(name: str) -> str:
    try:
        return str(event_type(name).label)
    except InvalidEvent:
        return name


class _ParkedAct(Act):
    permissions = ("events.change_parkedevent",)

    def back(self) -> str:
        return reverse("parked:list")


class Retry(_ParkedAct):
    """Let a person's parked events be reacted to again."""

    def act(self) -> str:
        event = get_object_or_404(ParkedEvent, pk=self.kwargs["event_id"])
        count = retry_parked([event.contact_id])
        return ngettext("%(count)s event is tried again.", "%(count)s events are tried again.", count) % {
            "count": count
        }


class RetryAll(_ParkedAct):
    """The same for everybody, a batch at a time."""

    def act(self) -> str:
        ids = list(ParkedEvent.objects.order_by("event_id").values_list("contact_id", flat=True)[:5_000])
        count = retry_parked(ids)
        return ngettext("%(count)s event is tried again.", "%(count)s events are tried again.", count) % {
            "count": count
        }


class GiveUp(_ParkedAct):
    """Leave one event's reactions undone for good."""

    permissions = ("events.delete_parkedevent",)

    def act(self) -> str:
        give_up_parked(get_object_or_404(ParkedEvent, pk=self.kwargs["event_id"]).pk)
        return _("The event was given up. It stays on the timeline; those behind it are tried again.")
