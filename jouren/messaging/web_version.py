"""A published letter for anybody to read on the web: addressed to nobody, with nothing in it that knows a reader."""

from __future__ import annotations

import re

from jouren.messaging.channels.base import Rendered, channel
from jouren.messaging.channels.email.writer import link_variables
from jouren.messaging.models import MessageVersion
from jouren.messaging.offers import closed_offers
from jouren.messaging.preview import with_plain_links
from jouren.messaging.shop import load_shop
from jouren.messaging.variables import contact_variables, letter_variables
from jouren.messaging.voices import voices_told

# The open pixel, and links that lead nowhere because they belong to one delivery (unsubscribing, preferences).
_PIXEL = re.compile(r"<img\b[^>]*\{\{\s*pixel_url[^>]*>")
_DEAD_LINK = re.compile(r"(?:<br\s*/?>\s*)?<a\b[^>]*\bhref=\"\"[^>]*>.*?</a>", re.DOTALL)


def web_version(version: MessageVersion) -> Rendered:
    """A version's mail as a page. Links lead straight to their goals; those of single deliveries are left out.

    Raises:
        LookupError: the version has no mail.
        TemplateProblem: it cannot be filled in.
    """
    body = with_plain_links(version.bodies["email"])
    body["html"] = _PIXEL.sub("", body["html"])
    nobody = contact_variables("", "", version.language, "")
    # Pictures of our own are found by their paths alone.
    links: dict[str, str] = dict.fromkeys(link_variables("", ""), "")
    told = {**links, "offers": closed_offers(body.get("offers", [])), "voices": voices_told(body)}
    shop = load_shop()
    rendered = channel("email").render(body, letter_variables(nobody, shop.variables, shop.owner, told))
    return rendered._replace(html=_DEAD_LINK.sub("", rendered.html))
