"""What public pages ask for by a tag."""

from __future__ import annotations

from django import template
from django.urls import reverse
from wagtail.images.models import AbstractRendition

from jouren.capture.theme import theme_name
from jouren.messaging.models import ShopSettings
from jouren.messaging.shop import logo_picture

register = template.Library()


@register.simple_tag(takes_context=True)
def shop(context: template.Context) -> ShopSettings:
    """Who runs this site, for the foot of a page."""
    settings: ShopSettings = ShopSettings.load(request_or_site=context.get("request"))
    return settings


@register.simple_tag
def shop_theme(shop: ShopSettings) -> str:
    """The address of the stylesheet with the shop's colour; empty for the theme's own colours."""
    name = theme_name(shop.colour)
    version, _, colour = name.partition("-")
    return reverse("capture:theme", args=[version, colour]) if name else ""


@register.simple_tag
def shop_logo(shop: ShopSettings) -> AbstractRendition | None:
    """The shop's logo at twice the size in which pages show it; None without one that can be read."""
    return logo_picture(shop, "max-640x160")
