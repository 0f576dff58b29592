"""What public pages ask for by a tag."""

from __future__ import annotations

from django import template

from jouren.messaging.models import ShopSettings

register = template.Library()


@register.simple_tag(takes_context=True)
def shop(context: template.Context) -> ShopSettings:
    """Who runs this site, for the foot of a page."""
    settings: ShopSettings = ShopSettings.load(request_or_site=context.get("request"))
    return settings
