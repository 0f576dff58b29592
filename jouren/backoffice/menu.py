"""The menu by area, in the words of a shop. Wagtail's own entries move into the areas or go."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from wagtail import hooks
from wagtail.admin.auth import user_has_any_page_permission
from wagtail.admin.menu import Menu, MenuItem, SubmenuMenuItem, settings_menu

GATHER_HOOK = "register_gather_menu_item"
MESSAGES_HOOK = "register_messages_menu_item"
OPERATIONS_HOOK = "register_operations_menu_item"
_gather = Menu(register_hook_name=GATHER_HOOK)
_sending = Menu(register_hook_name=MESSAGES_HOOK)
_operations = Menu(register_hook_name=OPERATIONS_HOOK)

# What replaces Wagtail's entries of these names is registered below; the rest means nothing to a shop.
_DROPPED = frozenset({"explorer", "images", "documents", "reports", "help", "snippets", "settings"})
_DROPPED_SETTINGS = frozenset({"workflows", "workflow-tasks", "collections", "sites", "locales", "redirects"})


class PermittedMenuItem(MenuItem):
    """An entry that is shown to whoever has all of its permissions."""

    def __init__(self, label: Any, url: str, *, permissions: tuple[str, ...], **kwargs: Any) -> None:
        super().__init__(label, url, **kwargs)
        self.permissions = permissions

    def is_shown(self, request: HttpRequest) -> bool:
        return request.user.has_perms(self.permissions)


class PagesMenuItem(MenuItem):
    """The pages, for whoever may edit any."""

    def is_shown(self, request: HttpRequest) -> bool:
        return bool(user_has_any_page_permission(request.user))


def register_areas() -> None:
    """Put the areas into the main menu."""
    for make in (
        _home,
        _mechanisms,
        _people,
        _inbox,
        _voices,
        _segments,
        _orders,
        _products,
        _offers,
        _journeys,
        _messages_area,
        _gather_area,
        _operations_area,
        _settings_area,
        _help,
    ):
        hooks.register("register_admin_menu_item", make)
    for make in (_broadcasts, _messages, _outcomes, _series, _surveys, _sending_rules, _peace):
        hooks.register(MESSAGES_HOOK, make)
    for make in (_pages, _pictures):
        hooks.register(GATHER_HOOK, make)
    for make in (_mailbox, _parked, _connectors, _imports, _webhooks, _history):
        hooks.register(OPERATIONS_HOOK, make)
    for make in (_setup, _story, _backups):
        hooks.register("register_settings_menu_item", make)
    hooks.register("construct_main_menu", drop_foreign)
    hooks.register("construct_settings_menu", drop_foreign_settings)


def drop_foreign(request: HttpRequest, items: list[MenuItem]) -> None:
    """Keep our areas only."""
    items[:] = [item for item in items if item.name not in _DROPPED]


def drop_foreign_settings(request: HttpRequest, items: list[MenuItem]) -> None:
    """Keep what a shop sets: itself, its people's rights, its rules."""
    items[:] = [item for item in items if item.name not in _DROPPED_SETTINGS]


def _home() -> MenuItem:
    label = pgettext_lazy("first screen", "Home")
    return MenuItem(label, reverse("wagtailadmin_home"), name="pyramid", icon_name="home", order=10)


def _mechanisms() -> MenuItem:
    return PermittedMenuItem(
        _("Mechanisms"),
        reverse("mechanisms:show"),
        permissions=("mechanisms.view_mechanismrules",),
        name="mechanisms",
        icon_name="stairs",
        order=15,
    )


def _people() -> MenuItem:
    return PermittedMenuItem(
        _("Customers"),
        reverse("people:list"),
        permissions=("contacts.view_contact",),
        name="people",
        icon_name="group",
        order=20,
    )


def _inbox() -> MenuItem:
    return PermittedMenuItem(
        _("Inbox"),
        reverse("inbox_screens:list"),
        permissions=("inbox.view_inquiry", "contacts.view_contact"),
        name="inbox",
        icon_name="tray",
        order=22,
    )


def _voices() -> MenuItem:
    return PermittedMenuItem(
        _("Customers' voices"),
        reverse("voice_screens:list"),
        permissions=("content.view_voice",),
        name="voices",
        icon_name="speech",
        order=23,
    )


def _segments() -> MenuItem:
    return PermittedMenuItem(
        _("Segments"),
        reverse("segments:list"),
        permissions=("contacts.view_segment",),
        name="segments",
        icon_name="circles",
        order=25,
    )


def _orders() -> MenuItem:
    return PermittedMenuItem(
        _("Orders"),
        reverse("orders:list"),
        permissions=("orders.view_order", "contacts.view_contact"),
        name="orders",
        icon_name="bag",
        order=26,
    )


def _products() -> MenuItem:
    return PermittedMenuItem(
        _("Products"),
        reverse("products:list"),
        permissions=("catalog.view_product",),
        name="products",
        icon_name="tag",
        order=27,
    )


def _offers() -> MenuItem:
    return PermittedMenuItem(
        _("Offers"),
        reverse("offers:list"),
        permissions=("catalog.view_offer",),
        name="offers",
        icon_name="gift",
        order=28,
    )


def _journeys() -> MenuItem:
    return PermittedMenuItem(
        _("Journeys"),
        reverse("journeys:list"),
        permissions=("journeys.view_journey",),
        name="journeys",
        icon_name="route",
        order=30,
    )


def _messages_area() -> MenuItem:
    return SubmenuMenuItem(pgettext_lazy("area", "Sending"), _sending, name="sending", icon_name="plane", order=40)


def _broadcasts() -> MenuItem:
    return PermittedMenuItem(
        _("Broadcasts"),
        reverse("broadcasts:list"),
        permissions=("broadcasts.view_broadcast",),
        name="broadcasts",
        icon_name="megaphone",
        order=5,
    )


def _messages() -> MenuItem:
    return PermittedMenuItem(
        _("Messages"),
        reverse("messages:list"),
        permissions=("messaging.view_message",),
        name="messages",
        icon_name="letter",
        order=10,
    )


def _outcomes() -> MenuItem:
    return PermittedMenuItem(
        _("What became of messages"),
        reverse("message_try:outcomes"),
        permissions=("messaging.view_message", "messaging.view_delivery", "contacts.view_contact"),
        name="outcomes",
        icon_name="list-ul",
        order=12,
    )


def _series() -> MenuItem:
    return PermittedMenuItem(
        pgettext_lazy("plural", "Series"),
        reverse("series:list"),
        permissions=("journeys.view_journey",),
        name="series",
        icon_name="letters",
        order=20,
    )


def _surveys() -> MenuItem:
    return PermittedMenuItem(
        _("Surveys"),
        reverse("surveys:list"),
        permissions=("inbox.view_survey",),
        name="surveys",
        icon_name="question-list",
        order=30,
    )


def _peace() -> MenuItem:
    return PermittedMenuItem(
        _("Leaving in peace"),
        reverse("peace:rule"),
        permissions=("peace.view_peacerule",),
        name="peace",
        icon_name="leaf",
        order=55,
    )


def _sending_rules() -> MenuItem:
    return PermittedMenuItem(
        _("Sending rules"),
        reverse("sending_rules:show"),
        permissions=("messaging.view_sendingrules",),
        name="sending-rules",
        icon_name="time",
        order=50,
    )


def _gather_area() -> MenuItem:
    return SubmenuMenuItem(_("Gather people"), _gather, name="gather", icon_name="magnet", order=50)


def _operations_area() -> MenuItem:
    return SubmenuMenuItem(_("Operations"), _operations, name="operations", icon_name="tasks", order=60)


def _settings_area() -> MenuItem:
    # Wagtail's own entry of that name ends with its version, which is no business of a shop's.
    return SubmenuMenuItem(_("Settings"), settings_menu, name="shop-settings", icon_name="cogs", order=70)


def _help() -> MenuItem:
    label = pgettext_lazy("how to use the back office", "Help")
    return MenuItem(label, reverse("help:index"), name="how-to", icon_name="help", order=80)


def _setup() -> MenuItem:
    return PermittedMenuItem(
        _("Set-up"),
        reverse("setup:start"),
        permissions=("messaging.change_shopsettings",),
        name="setup",
        icon_name="clipboard-list",
        order=10,
    )


def _story() -> MenuItem:
    return PermittedMenuItem(
        _("Owner's story"),
        reverse("setup:story"),
        permissions=("story.change_ownerstory",),
        name="story",
        icon_name="user",
        order=20,
    )


def _pages() -> MenuItem:
    return PagesMenuItem(_("Pages"), reverse("wagtailadmin_explore_root"), name="pages", icon_name="doc-full", order=10)


def _pictures() -> MenuItem:
    return PermittedMenuItem(
        _("Pictures"),
        reverse("wagtailimages:index"),
        permissions=("wagtailimages.view_image",),
        name="pictures",
        icon_name="image",
        order=30,
    )


class _MailboxMenuItem(PermittedMenuItem):
    def is_shown(self, request: HttpRequest) -> bool:
        return settings.JOUREN.email is None and super().is_shown(request)


def _mailbox() -> MenuItem:
    return _MailboxMenuItem(
        _("Mailbox"),
        reverse("mailbox:list"),
        permissions=("messaging.view_delivery", "contacts.view_contact"),
        name="mailbox",
        icon_name="postbox",
        order=10,
    )


def _parked() -> MenuItem:
    return PermittedMenuItem(
        _("What got stuck"),
        reverse("parked:list"),
        permissions=("events.view_parkedevent",),
        name="parked",
        icon_name="warning",
        order=20,
    )


def _connectors() -> MenuItem:
    return PermittedMenuItem(
        _("Connected shops"),
        reverse("connectors:list"),
        permissions=("connectors.view_connection",),
        name="connectors",
        icon_name="plug",
        order=30,
    )


def _imports() -> MenuItem:
    return PermittedMenuItem(
        pgettext_lazy("plural", "Imports"),
        reverse("imports:list"),
        permissions=("imports.view_import",),
        name="imports",
        icon_name="upload",
        order=30,
    )


def _webhooks() -> MenuItem:
    return PermittedMenuItem(
        _("Tell other systems"),
        reverse("webhooks:list"),
        permissions=("webhooks.view_endpoint",),
        name="webhooks",
        icon_name="link-external",
        order=40,
    )


class _OwnerMenuItem(MenuItem):
    def is_shown(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)


def _backups() -> MenuItem:
    return _OwnerMenuItem(_("Backups"), reverse("backups:list"), name="backups", icon_name="download", order=900)


def _history() -> MenuItem:
    return _OwnerMenuItem(
        _("Who did what"),
        reverse("wagtailadmin_reports:site_history"),
        name="history",
        icon_name="history",
        order=90,
    )
