"""The shop's own data as senders use it: who writes, what templates may show of it, what limits hold."""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import parseaddr
from urllib.parse import urlsplit

from django.conf import settings

from jouren.messaging.channels.base import Sender
from jouren.messaging.models import DomainLimit, RelaySettings, ShopSettings

SHOP_VARIABLES = ("name", "address", "complaints", "commerce_law_url")


@dataclass(frozen=True)
class Shop:
    """A snapshot of the settings. ``variables`` are what ``{{ shop.… }}`` shows; ``letters``: so many a connection."""

    sender: Sender
    variables: dict[str, str]
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
    return Shop(sender, shop_variables(shop), relay.connections, relay.letters, relay.per_second, limits)


def shop_variables(shop: ShopSettings) -> dict[str, str]:
    """What templates may show of the shop."""
    complaints = " / ".join(filter(None, (shop.complaints_email, shop.complaints_phone)))
    return {
        "name": shop.name,
        "address": shop.postal_address,
        "complaints": complaints,
        "commerce_law_url": shop.commerce_law_url,
    }


def hostname() -> str:
    """What this installation calls itself when it greets a server, and in Message-IDs."""
    host = urlsplit(settings.JOUREN.base_url).hostname or "localhost"
    return "localhost" if host.replace(".", "").isdigit() or ":" in host else host
