"""What capture tells on timelines."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from jouren.events.types import EventType, register_event_type


def register_event_types() -> None:
    """Called when the room starts."""
    register_event_type(
        EventType(
            "page.visited",
            _("Looked at a page"),
            fields={"page": str, "utm": dict, "referrer": str},
            optional=frozenset({"utm", "referrer"}),
            personal=frozenset({"utm", "referrer"}),
            sentence=_("Looked at the page %(page)s"),
            is_urgent=False,
        )
    )
    register_event_type(
        EventType(
            "video.played",
            _("Watched a video"),
            # ``percent``: how much of it.
            fields={"video": str, "percent": int},
            optional=frozenset({"percent"}),
            sentence=_("Watched the video “%(video)s”"),
        )
    )
    fields = {"form": int, "title": str, "registration": int}
    register_event_type(
        EventType(
            "form.submitted",
            _("Sent a form"),
            fields=fields,
            optional=frozenset({"form"}),
            sentence=_("Filled in “%(title)s”, not confirmed yet"),
            # Anybody can type anybody's address: nothing may follow from it before it is confirmed.
            reacts=False,
        )
    )
    register_event_type(
        EventType(
            "gift.taken",
            _("Took a gift"),
            # ``title``: of the gift.
            fields={"form": int, "title": str},
            sentence=_("Took the gift “%(title)s”"),
        )
    )
    register_event_type(
        EventType(
            "registration.confirmed",
            _("Confirmed a registration"),
            fields=fields,
            optional=frozenset({"form"}),
            sentence=_("Confirmed the registration for “%(title)s”"),
        )
    )
