"""What a shop's own system tells. Pure.

    {"type": "order.paid", "timestamp": "2026-11-22T09:30:00+09:00",
     "data": {"contact": {"shop": "77", "email": "hana@example.jp"}, "names": {"family_name": "山田"},
              "payload": {"order": "1001", "amount": 3980, "currency": "JPY", "products": ["tea"]}}}

``type`` is one of this installation's events of orders and subscriptions, ``cart.left``, ``offer.viewed``,
``person.changed`` for what is known of somebody, or a name of the system's own, which is kept as something they did.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from jouren.catalog.offers.event_types import OFFER_VIEWED
from jouren.connectors.connector import Delivery, Happening, Headers, Identities, Profile, Said
from jouren.connectors.errors import Unusable
from jouren.connectors.event_types import tracked
from jouren.connectors.reading import needed, needed_moment, object_of, read_json, text_of
from jouren.orders.event_types import CART_LEFT, ORDER_TYPES, SUBSCRIPTION_TYPES
from jouren.orders.telling import Telling

_TOLD = frozenset(kind.name for kind in (*ORDER_TYPES, *SUBSCRIPTION_TYPES))
_DONE = frozenset({CART_LEFT.name, OFFER_VIEWED.name})
_NAMES = ("family_name", "given_name", "family_kana", "given_kana")
_KINDS = ("shop", "email", "line")


def read(headers: Headers, body: bytes) -> Sequence[Delivery]:
    """What one webhook tells. Raises Unusable."""
    message_id = headers.get("webhook-id", "").strip()
    if not 0 < len(message_id) <= 200:
        raise Unusable(_("The header webhook-id is missing."))
    message = read_json(body)
    kind, at, data = needed(message, "type"), needed_moment(message, "timestamp"), object_of(message, "data")
    identities, payload = _who(data), object_of(data, "payload")
    keys = (f"message {message_id}",)
    names = {name: text for name in _NAMES if (text := text_of(object_of(data, "names"), name, 100))}
    profile = Profile(identities, at, names, object_of(data, "attributes"), _consent(data))
    profiles = [profile] if identities else []
    if kind == "person.changed":
        if not identities:
            raise Unusable(_("“%(name)s” is missing: who it is about.") % {"name": "contact"})
        return [Delivery(keys, kind, profiles)]
    if kind in _TOLD:
        key = None if kind not in _REPEATED else f"message {message_id}"
        return [Delivery(keys, kind, profiles, [Telling(kind, payload, at, identities, key)])]
    if not identities:
        raise Unusable(_("“%(name)s” is missing: who it is about.") % {"name": "contact"})
    if kind in _DONE:
        return [Delivery(keys, kind, profiles, happenings=[Happening(kind, identities, payload, at, message_id)])]
    happening = Happening("app.tracked", identities, tracked(kind, payload), at, message_id)
    return [Delivery(keys, kind, profiles, happenings=[happening])]


# What can happen to one order or subscription several times, so that its message tells one from the next.
_REPEATED = frozenset(kind.name for kind in (*ORDER_TYPES, *SUBSCRIPTION_TYPES) if not kind.identity)


def _who(data: Mapping[str, Any]) -> Identities:
    contact = data.get("contact")
    if contact is None:
        return ()
    if not isinstance(contact, dict) or not contact or contact.keys() - set(_KINDS):
        raise Unusable(_('"contact" holds "shop", "email" or "line".'))
    return tuple((kind, text) for kind in _KINDS if (text := text_of(contact, kind)))


def _consent(data: Mapping[str, Any]) -> Said | None:
    """``{"granted": true, "at": "2026-…", "text": "what the person agreed to"}``"""
    consent = data.get("consent")
    if consent is None:
        return None
    if not isinstance(consent, dict) or not isinstance(consent.get("granted"), bool):
        raise Unusable(_('"consent" holds "granted", true or false, "at" and "text".'))
    proof = text_of(consent, "text", 2000)
    if consent["granted"] and not proof:
        raise Unusable(_('"consent" must say in "text" what the person agreed to.'))
    return Said(consent["granted"], needed_moment(consent, "at"), proof)
