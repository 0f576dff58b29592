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


# As in docs/how-to/index.md; what comes first is docs/tutorial.
AREAS = (
    Area(pgettext_lazy("area of help", "First steps"), ("first-ten-minutes",)),
    Area(
        _("Gather people"),
        ("sign-up-pages", "gifts", "connectors", "imports"),
    ),
    Area(
        _("Customers"),
        ("people", "mechanisms", "segments", "surveys", "voices", "leaving-in-peace"),
    ),
    Area(
        pgettext_lazy("area", "Sending"),
        (
            "messages",
            "broadcasts",
            "series",
            "journeys",
            "ready-journeys",
            "edit-a-running-journey",
            "dry-run",
            "sending-rules",
        ),
    ),
    Area(
        pgettext_lazy("area of help", "Selling"),
        ("products", "offers", "orders"),
    ),
    Area(
        pgettext_lazy("area of help", "Figures"),
        ("home-screen", "reports", "holdouts", "why", "replies"),
    ),
    Area(
        _("Settings"),
        ("first-run", "owners-story", "look", "colleagues", "backups", "deploy", "webhooks", "journeys-as-files"),
    ),
)
KNOWN = frozenset(page for area in AREAS for page in area.pages)

# By the name of a view, ``namespace:view``, or of all views of a namespace. A viewset's name is its namespace.
PAGE_OF: Mapping[str, str] = {
    "api_keys": "connectors",
    "backups": "backups",
    "broadcasts": "broadcasts",
    "connectors": "connectors",
    "dayoff": "sending-rules",
    "domainlimit": "sending-rules",
    "files": "journeys-as-files",
    "imports": "imports",
    "inbox_screens": "surveys",
    "journeys": "journeys",
    "journeys:compare": "edit-a-running-journey",
    "journeys:dry_run": "dry-run",
    "journeys:dry_run_people": "dry-run",
    "journeys:dry_runs": "dry-run",
    "journeys:inspect": "edit-a-running-journey",
    "journeys:move": "edit-a-running-journey",
    "journeys:pause": "edit-a-running-journey",
    "journeys:persona": "dry-run",
    "journeys:publish": "edit-a-running-journey",
    "journeys:resume": "edit-a-running-journey",
    "journeys:versions": "edit-a-running-journey",
    "mechanisms": "mechanisms",
    "message_try": "messages",
    "messages": "messages",
    "offers": "offers",
    "orders": "orders",
    "peace": "leaving-in-peace",
    "people": "people",
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
    "setup": "first-run",
    "setup:look": "look",
    "setup:story": "owners-story",
    "surveys": "surveys",
    "taskkind": "mechanisms",
    "topic": "sign-up-pages",
    "voice_screens": "voices",
    "wagtailadmin_explore": "sign-up-pages",
    "wagtailadmin_explore_root": "sign-up-pages",
    "wagtailadmin_home": "home-screen",
    "wagtailadmin_pages": "sign-up-pages",
    "wagtailsnippets_capture_form": "sign-up-pages",
    "wagtailusers_groups": "colleagues",
    "wagtailusers_users": "colleagues",
    "webhooks": "webhooks",
}


def page_for(match: ResolverMatch) -> str:
    """The page that helps with the screen at an address; empty where only the list of all of them does."""
    return PAGE_OF.get(match.view_name) or PAGE_OF.get(match.namespace, "")
