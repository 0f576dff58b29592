"""Which pages of docs/ help with what: by area, and by the screen from which somebody asks for help.

A new page in docs/how-to gets a line in ``AREAS`` (a test asks for it), and one in ``PAGE_OF`` if a screen is about it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.urls import ResolverMatch
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


@dataclass(frozen=True)
class Area:
    """A heading of the list of all pages, and the pages below it in their order."""

    label: str | Promise
    pages: Sequence[str]


FIRST_STEPS = Area(pgettext_lazy("area of help", "First steps"), ("first-ten-minutes",))
# As in docs/how-to/index.md.
AREAS = (
    FIRST_STEPS,
    Area(
        _("Journeys"),
        (
            "ready-journeys",
            "edit-a-running-journey",
            "dry-run",
            "reports",
            "holdouts",
            "why",
            "journeys-as-files",
        ),
    ),
    Area(_("Messages"), ("series", "broadcasts", "sending-rules", "leaving-in-peace", "replies")),
    Area(_("Customers"), ("segments", "mechanisms", "surveys", "voices")),
    Area(pgettext_lazy("area of help", "Selling"), ("products", "offers", "orders")),
    Area(pgettext_lazy("area of help", "Other systems"), ("imports", "connectors", "webhooks")),
)
KNOWN = frozenset(page for area in AREAS for page in area.pages)

# By the name of a view, ``namespace:view``, or of all views of a namespace. A viewset's name is its namespace.
PAGE_OF: Mapping[str, str] = {
    "wagtailadmin_home": "mechanisms",
    "api_keys": "connectors",
    "broadcasts": "broadcasts",
    "connectors": "connectors",
    "dayoff": "sending-rules",
    "domainlimit": "sending-rules",
    "files": "journeys-as-files",
    "imports": "imports",
    "inbox_screens": "surveys",
    "journeys": "edit-a-running-journey",
    "journeys:add": "ready-journeys",
    "journeys:dry_run": "dry-run",
    "journeys:dry_run_people": "dry-run",
    "journeys:dry_runs": "dry-run",
    "journeys:list": "ready-journeys",
    "journeys:persona": "dry-run",
    "mechanisms": "mechanisms",
    "offers": "offers",
    "orders": "orders",
    "peace": "leaving-in-peace",
    "people:ask_why": "why",
    "people:why": "why",
    "people:why_message": "why",
    "playbooks": "ready-journeys",
    "products": "products",
    "pyramidrule": "mechanisms",
    "reports": "reports",
    "segments": "segments",
    "sending_rules": "sending-rules",
    "series": "series",
    "surveys": "surveys",
    "taskkind": "mechanisms",
    "voice_screens": "voices",
    "webhooks": "webhooks",
}


def page_for(match: ResolverMatch) -> str:
    """The page that helps with the screen at an address; empty where only the list of all of them does."""
    return PAGE_OF.get(match.view_name) or PAGE_OF.get(match.namespace, "")
