"""The shop's own data as senders use it: who writes, what templates may show of it, what limits hold."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from email.utils import parseaddr
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from wagtail.images.models import AbstractRendition

from jouren.messaging.channels.base import Logo, Sender
from jouren.messaging.models import DomainLimit, RelaySettings, ShopSettings
from jouren.story.queries import owner_variables

logger = logging.getLogger(__name__)
_LOGO_WIDTH, _LOGO_HEIGHT = 200, 56  # pixels at most, in a mail
SHOP_VARIABLES = ("name", "address", "complaints", "commerce_law_url")


@dataclass(frozen=True)
class Shop:
    """A snapshot of the settings. ``variables`` are what ``{{ shop.… }}`` shows, ``owner`` what ``{{ owner.… }}`` does;
    ``letters``: so many a connection."""

    sender: Sender
    variables: dict[str, str]
    owner: dict[str, Any]
    connections: int
    letters: int
    per_second: float | None
    domain_limits: dict[str, float]


def load_shop() -> Shop:
    """Read the settings, a few queries."""
    shop = ShopSettings.objects.first() or ShopSettings()
    relay = RelaySettings.objects.first() or RelaySettings()
    name, address = parseaddr(settings.JOUREN.mail_from)
    sender = Sender(
        shop.sender_name or shop.name or name,
        shop.sender_address or address,
        shop.reply_to,
        settings.JOUREN.base_url,
    )
    limits = {domain.lower(): rate for domain, rate in DomainLimit.objects.values_list("domain", "per_second")}
    return Shop(
        sender,
        shop_variables(shop),
        owner_variables(),
        relay.connections,
        relay.letters,
        relay.per_second,
        limits,
    )


def shop_variables(shop: ShopSettings) -> dict[str, str]:
    """What templates may show of the shop."""
    complaints = " / ".join(filter(None, (shop.complaints_email, shop.complaints_phone)))
    return {
        "name": shop.name,
        "address": shop.postal_address,
        "complaints": complaints,
        "commerce_law_url": shop.commerce_law_url,
    }


def logo_picture(shop: ShopSettings, form: str) -> AbstractRendition | None:
    """The shop's logo in a form of Wagtail's (``max-640x160``); None without one that can be read."""
    if shop.logo is None:
        return None
    try:
        return shop.logo.get_rendition(form)
    except OSError as error:  # the file is gone, or no picture any more: the name stands in for it
        logger.warning("The shop's logo cannot be shown: %s", str(error))
        return None


def logo_of_mails(shop: ShopSettings) -> Logo | None:
    """The logo as mails show it: of twice the pixels, for fine screens, in a form that every mail program knows."""
    picture = logo_picture(shop, f"max-{2 * _LOGO_WIDTH}x{2 * _LOGO_HEIGHT}|format-png")
    if picture is None:
        return None
    shrink = min(1.0, _LOGO_WIDTH / picture.width, _LOGO_HEIGHT / picture.height)
    return Logo(picture.url, max(1, round(picture.width * shrink)), max(1, round(picture.height * shrink)))


_LEGAL_FIELDS = {"commerce": "commerce_law_url", "privacy": "privacy_url"}


def link_legal_page(kind: str, path: str) -> None:
    """Let mails and pages lead to a page of this site (``path`` begins with /), where the shop names none elsewhere."""
    name = _LEGAL_FIELDS[kind]
    shop = ShopSettings.objects.first() or ShopSettings()
    kept, base_url = str(getattr(shop, name)), settings.JOUREN.base_url
    if not kept or kept.startswith(f"{base_url}/"):
        setattr(shop, name, f"{base_url}{path}")
        shop.save()


def hostname() -> str:
    """What this installation calls itself when it greets a server, and in Message-IDs."""
    host = urlsplit(settings.JOUREN.base_url).hostname or "localhost"
    return "localhost" if host.replace(".", "").isdigit() or ":" in host else host
