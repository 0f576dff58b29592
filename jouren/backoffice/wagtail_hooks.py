"""Puts the back office together: its areas, screens, icons, permissions and look."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Permission
from django.db.models import Q, QuerySet
from django.templatetags.static import static
from django.urls import include, path
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.log_actions import LogActionRegistry
from wagtail.snippets.models import register_snippet

from jouren.backoffice.entry.guard import REFUSED
from jouren.backoffice.home.first_steps import register_first_steps
from jouren.backoffice.home.panels import use_our_panels
from jouren.backoffice.journeys.viewset import JourneyViewSet
from jouren.backoffice.mends import speak_the_readers_language
from jouren.backoffice.menu import register_areas
from jouren.backoffice.messages.viewset import MessageViewSet
from jouren.backoffice.publishing import tell_author
from jouren.backoffice.setup.steps import register_setup_steps
from jouren.backoffice.shop.viewsets import VIEWSETS
from jouren.content.schedule import FAILED

_ICONS = tuple(
    f"backoffice/icons/{name}.svg"
    for name in (
        "bag",
        "circles",
        "gift",
        "leaf",
        "letter",
        "letters",
        "magnet",
        "megaphone",
        "pause",
        "plane",
        "plug",
        "postbox",
        "pyramid",
        "question-list",
        "route",
        "speech",
        "stairs",
        "tray",
    )
)
# Models that our own screens show; those of viewsets are registered by Wagtail.
_PERMISSIONS = (
    ("contacts", "contact", ("view", "change", "delete")),
    ("contacts", "segment", ("view", "add", "change", "delete")),
    ("catalog", "product", ("view", "add", "change")),
    ("orders", "order", ("view", "add", "change")),
    ("catalog", "offer", ("view", "add", "change")),
    ("inbox", "survey", ("view", "add", "change")),
    ("inbox", "inquiry", ("view", "change")),
    ("content", "voice", ("view", "add", "change")),
    ("peace", "peacerule", ("view", "change")),
    ("imports", "import", ("view", "add", "delete")),
    ("mechanisms", "mechanismrules", ("view", "change")),
    ("mechanisms", "task", ("view", "change")),
    ("messaging", "delivery", ("view",)),
    ("messaging", "sendingrules", ("view", "change")),
    ("events", "parkedevent", ("view", "change", "delete")),
    ("core", "clock", ("change",)),
    ("story", "ownerstory", ("view", "change")),
    ("core", "restore", ("change",)),
    ("broadcasts", "broadcast", ("view", "add", "change", "delete", "send")),
    ("webhooks", "endpoint", ("view", "add", "change")),
    ("webhooks", "call", ("change",)),
    ("connectors", "connection", ("view", "add", "change")),
)

# Names of rights are kept in English; the form of a group's rights translates them.
_RIGHTS = (_("Can send broadcasts, pause and cancel them"),)


def _urls() -> list[Any]:
    return [
        path("home/", include("jouren.backoffice.home.urls")),
        path("people/", include("jouren.backoffice.people.urls")),
        path("segments/", include("jouren.backoffice.segments.urls")),
        path("products/", include("jouren.backoffice.products.urls")),
        path("orders/", include("jouren.backoffice.orders.urls")),
        path("offers/", include("jouren.backoffice.offers.urls")),
        path("imports/", include("jouren.backoffice.imports.urls")),
        path("messages/", include("jouren.backoffice.messages.urls")),
        path("broadcasts/", include("jouren.backoffice.broadcasts.urls")),
        path("series/", include("jouren.backoffice.series.urls")),
        path("inbox/", include("jouren.backoffice.inbox.urls")),
        path("surveys/", include("jouren.backoffice.surveys.urls")),
        path("voices/", include("jouren.backoffice.voices.urls")),
        path("leaving-in-peace/", include("jouren.backoffice.peace.urls")),
        path("mechanisms/", include("jouren.backoffice.mechanisms.urls")),
        path("sending-rules/", include("jouren.backoffice.policy.urls")),
        path("parked/", include("jouren.backoffice.events.urls")),
        path("mailbox/", include("jouren.backoffice.mailbox.urls")),
        path("notices/", include("jouren.backoffice.team.urls")),
        path("connectors/", include("jouren.backoffice.connectors.urls")),
        path("backups/", include("jouren.backoffice.backups.urls")),
        path("webhooks/", include("jouren.backoffice.webhooks.urls")),
        # Below the journeys, so that the menu marks these.
        path("journeys/reports/", include("jouren.backoffice.reports.urls")),
        path("journeys/ready/", include("jouren.backoffice.playbooks.urls")),
        path("journeys/files/", include("jouren.backoffice.files.urls")),
        path("clock/", include("jouren.backoffice.clock.urls")),
        path("setup/", include("jouren.backoffice.setup.urls")),
        path("conditions/", include("jouren.backoffice.conditions.urls")),
        path("help/", include("jouren.backoffice.help.urls")),
    ]


def _permissions() -> QuerySet[Permission]:
    """What a group's rights can be made of, besides those of the viewsets."""
    wanted = Q(pk=None)
    for app, model, verbs in _PERMISSIONS:
        wanted |= Q(content_type__app_label=app, codename__in=[f"{verb}_{model}" for verb in verbs])
    return Permission.objects.filter(wanted)


def _style() -> str:
    names = ("backoffice/look.css", "backoffice/backoffice.css")
    return format_html_join("\n", '<link rel="stylesheet" href="{}">', ((static(name),) for name in names))


def _script() -> str:
    names = ("backoffice/names.js", "backoffice/tables.js", "backoffice/colours.js")
    return format_html_join("\n", '<script src="{}"></script>', ((static(name),) for name in names))


def _acts(actions: LogActionRegistry) -> None:
    actions.register_action("contacts.export", _("Export person"), _("Data exported"))
    actions.register_action("reports.export", _("Export report"), _("Report exported"))
    actions.register_action(FAILED, _("Publish scheduled draft"), _("What was scheduled could not be done"))
    actions.register_action(REFUSED, _("Refuse login"), _("Too many tries to sign in were refused"))


hooks.register("register_admin_urls", _urls)
hooks.register("register_permissions", _permissions)
hooks.register("register_icons", lambda icons: [*icons, *_ICONS])
hooks.register("register_log_actions", _acts)
hooks.register("insert_global_admin_css", _style)
hooks.register("insert_global_admin_js", _script)
hooks.register("construct_homepage_panels", use_our_panels)
hooks.register("before_edit_page", tell_author)
hooks.register("before_edit_snippet", tell_author)
hooks.register("register_admin_viewset", lambda: [viewset() for viewset in VIEWSETS])
speak_the_readers_language()
register_areas()
register_first_steps()
register_setup_steps()
register_snippet(JourneyViewSet)
register_snippet(MessageViewSet)
