"""Puts the back office together: its areas, screens, icons, permissions and look."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Permission
from django.db.models import Q, QuerySet
from django.templatetags.static import static
from django.urls import include, path
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.log_actions import LogActionRegistry
from wagtail.snippets.models import register_snippet

from jouren.backoffice.journeys.viewset import JourneyViewSet
from jouren.backoffice.menu import register_areas
from jouren.backoffice.messages.viewset import MessageViewSet
from jouren.backoffice.pyramid.home import use_our_panels
from jouren.backoffice.shop.viewsets import VIEWSETS

_ICONS = ("backoffice/icons/pause.svg", "backoffice/icons/pyramid.svg", "backoffice/icons/route.svg")
# Models that our own screens show; those of viewsets are registered by Wagtail.
_PERMISSIONS = (
    ("contacts", "contact", ("view", "change", "delete")),
    ("messaging", "delivery", ("view",)),
    ("events", "parkedevent", ("view", "change", "delete")),
    ("core", "clock", ("change",)),
)


def _urls() -> list[Any]:
    return [
        path("people/", include("jouren.backoffice.people.urls")),
        path("messages/", include("jouren.backoffice.messages.urls")),
        path("parked/", include("jouren.backoffice.events.urls")),
        path("mailbox/", include("jouren.backoffice.mailbox.urls")),
        path("clock/", include("jouren.backoffice.clock.urls")),
    ]


def _permissions() -> QuerySet[Permission]:
    """What a group's rights can be made of, besides those of the viewsets."""
    wanted = Q(pk=None)
    for app, model, verbs in _PERMISSIONS:
        wanted |= Q(content_type__app_label=app, codename__in=[f"{verb}_{model}" for verb in verbs])
    return Permission.objects.filter(wanted)


def _style() -> str:
    return format_html('<link rel="stylesheet" href="{}">', static("backoffice/backoffice.css"))


def _acts(actions: LogActionRegistry) -> None:
    actions.register_action("contacts.export", _("Export person"), _("Data exported"))


hooks.register("register_admin_urls", _urls)
hooks.register("register_permissions", _permissions)
hooks.register("register_icons", lambda icons: [*icons, *_ICONS])
hooks.register("register_log_actions", _acts)
hooks.register("insert_global_admin_css", _style)
hooks.register("construct_homepage_panels", use_our_panels)
hooks.register("register_admin_viewset", lambda: [viewset() for viewset in VIEWSETS])
register_areas()
register_snippet(JourneyViewSet)
register_snippet(MessageViewSet)
