"""Links to offers, one for each person, and the reference by which a shop's order is told to belong to one.

A token is base64url of the offer's and the person's ids and the first 10 bytes of a keyed HMAC-SHA256 over them, as the
links of deliveries are: nobody can make one without the installation's key, and none holds personal data. A reference
is made with another key, so that whoever takes the payment cannot open the person's page with it.
"""

from __future__ import annotations

import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple
from urllib.parse import quote, urlencode, urlsplit

from django.conf import settings

from jouren.catalog.offers.models import Offer
from jouren.catalog.offers.vocabulary import ButtonKind

_SIGNATURE_BYTES = 10
_TOKEN = re.compile(r"[A-Za-z0-9_-]{18,40}")
_PLACE = re.compile(r"\{(reference|code)\}")
_LINK, _REFERENCE = b"jouren.catalog.offer", b"jouren.catalog.offer.reference"


class Invited(NamedTuple):
    """An offer and the person whom a link shows it to."""

    offer_id: int
    contact_id: int


def offer_token(offer_id: int, contact_id: int) -> str:
    """The token of a person's page of an offer."""
    return _make(_LINK, offer_id, contact_id)


def read_offer_token(token: str) -> Invited | None:
    """Whom a page's token was made for; None when it was not made here."""
    return _read(_LINK, token)


def offer_reference(offer_id: int, contact_id: int) -> str:
    """What the shop's cart or Stripe is told (``client_reference_id``)."""
    return _make(_REFERENCE, offer_id, contact_id)


def read_offer_reference(reference: str) -> Invited | None:
    """Whose order comes back with a reference; None when it was not made here."""
    return _read(_REFERENCE, reference)


def button_link(offer: Offer, contact_id: int, code: str) -> str:
    """Where an offer's button leads a person; empty where it orders here. ``code``: of a coupon, if they have one.

    A cart's address is told what it has a place for, ``{reference}`` and ``{code}``. Stripe takes both as parameters.
    """
    reference = offer_reference(offer.pk, contact_id)
    if offer.button_kind == ButtonKind.CART:
        told = {"reference": reference, "code": code}
        return _PLACE.sub(lambda place: quote(told[place[1]], safe=""), offer.button_url)
    if offer.button_kind != ButtonKind.STRIPE:
        return ""
    parts = urlsplit(offer.button_url)
    more = urlencode({"client_reference_id": reference} | ({"prefilled_promo_code": code} if code else {}))
    return parts._replace(query=f"{parts.query}&{more}" if parts.query else more).geturl()


def _make(purpose: bytes, offer_id: int, contact_id: int) -> str:
    first = _bytes(offer_id)
    raw = bytes([len(first)]) + first + _bytes(contact_id)
    return urlsafe_b64encode(raw + _signature(purpose, raw)).rstrip(b"=").decode("ascii")


def _read(purpose: bytes, token: str) -> Invited | None:
    if not _TOKEN.fullmatch(token) or len(token) % 4 == 1:
        return None
    decoded = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    raw, signature = decoded[:-_SIGNATURE_BYTES], decoded[-_SIGNATURE_BYTES:]
    if not hmac.compare_digest(signature, _signature(purpose, raw)):
        return None
    length = raw[0]
    ids = Invited(int.from_bytes(raw[1 : 1 + length], "big"), int.from_bytes(raw[1 + length :], "big"))
    # One spelling only: no stray bits in the last character.
    return ids if _make(purpose, *ids) == token else None


def _bytes(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8 or 1, "big")


def _signature(purpose: bytes, raw: bytes) -> bytes:
    return hmac.digest(_key(settings.SECRET_KEY, purpose), raw, "sha256")[:_SIGNATURE_BYTES]


@lru_cache(maxsize=8)
def _key(secret: str, purpose: bytes) -> bytes:
    return hmac.digest(secret.encode(), purpose, sha256)
