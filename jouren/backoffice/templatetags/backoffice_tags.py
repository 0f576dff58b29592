"""What every screen of the back office shows besides its own content."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import template
from django.conf import settings
from django.template import Context
from django.urls import reverse

from jouren.backoffice import emptiness
from jouren.backoffice.clock.views import PERMISSION, clock_state
from jouren.backoffice.help.areas import page_for
from jouren.backoffice.messages import wording
from jouren.core import wording as wording_of
from jouren.team.names import colleague_name

register = template.Library()


@register.filter
def colleague(user: Any) -> str:
    """What a colleague is called, in the order of the reader's language; empty for nobody."""
    return colleague_name(user) if user else ""


@register.inclusion_tag("backoffice/clock.html", takes_context=True)
def sandbox_clock(context: Context) -> dict[str, Any]:
    """The bar that says what time it is in a sandbox; nothing elsewhere."""
    request = context.get("request")
    if request is None or not settings.JOUREN.sandbox:
        return {"is_shown": False}
    return {
        "is_shown": True,
        "may_move": request.user.has_perm(PERMISSION),
        "here": request.get_full_path() if request.method == "GET" else "",
        "csrf_token": context.get("csrf_token"),
        **clock_state(),
    }


@register.inclusion_tag("backoffice/help/link.html", takes_context=True)
def help_link(context: Context) -> dict[str, Any]:
    """The way to the page of the help about this screen, or to the list of all of them; nothing in the help itself."""
    # A header that was included "only" with some variables still knows its request.
    match = getattr(getattr(context, "request", None), "resolver_match", None)
    if match is None or match.namespace == "help":
        return {"url": ""}
    page = page_for(match)
    return {"url": reverse("help:page", args=[page]) if page else reverse("help:index")}


@register.filter
def grouped(number: int) -> str:
    """A whole number with its thousands apart: 1,000,000."""
    return f"{number:,}"


@register.filter
def known(number: int | None) -> str:
    """A whole number as :func:`grouped` has it; a dash where nobody knows."""
    return "—" if number is None else grouped(number)


@register.filter
def percent(rate: float) -> str:
    """A rate (0 to 1) as a percentage with one decimal place: 4.2 %."""
    return wording_of.percent(rate)


@register.filter
def listed(texts: Iterable[object]) -> str:
    """Texts in a row, as the reader's language writes them."""
    return wording_of.listed(texts)


@register.filter
def channel_label(name: str) -> str:
    """The name of a channel."""
    return wording.channel_label(name)


@register.simple_tag
def first_help(model: Any) -> tuple[str, str] | None:
    """Where somebody who sees the empty list of a model finds something to begin with."""
    return emptiness.first_help(model)


@register.simple_tag
def first_words(model: Any) -> str:
    """What the empty list of a model says."""
    return emptiness.first_words(model)


@register.inclusion_tag("backoffice/empty.html", takes_context=True)
def nothing_yet(context: Context, name: str) -> dict[str, Any]:
    """What an empty list says (:data:`emptiness.PLACES`), with the ways on that its reader may take."""
    place, user = emptiness.PLACES[name], context["request"].user
    ways = [way for way in place.ways if user.has_perms(way.permissions)]
    return {"place": place, "ways": ways}
