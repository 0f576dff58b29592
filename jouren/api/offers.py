"""``POST /api/offers``: which offers are open to a person, and why the others are not.

    {"contact": {"email": "hana@example.jp"}}

The person stands in the body, never in an address, which servers and proxies write down. It is the same rule that
messages and pages ask (:func:`jouren.catalog.eligibility.judge`). Nothing is recorded by it, and no deadline begins.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from django.conf import settings

from jouren.api.errors import BadRequest
from jouren.api.identities import read_identity
from jouren.catalog.eligibility import Verdict
from jouren.catalog.offers.links import offer_token
from jouren.catalog.offers.models import Offer
from jouren.catalog.offers.queries import count_left, judge_offers
from jouren.contacts.actions import known_contacts
from jouren.core import clock
from jouren.core.allowances import use_allowance
from jouren.core.errors import UserError

MAX_BODY_BYTES = 10_000
MOST_OFFERS = 200
MOST_A_MINUTE = 1_200
"""Of one key."""
_FIELDS = frozenset({"contact", "offers"})


def may_ask(source: str) -> bool:
    """Count one question of a key; False where it has asked too often in this minute."""
    return use_allowance("api.offers", source, timedelta(minutes=1)).count <= MOST_A_MINUTE


def offers_for(body: bytes) -> dict[str, Any] | None:
    """The offers that a person can take, and those that they cannot with the reason; None for nobody known.

    Raises:
        BadRequest: the body cannot be used.
    """
    asked = _read(body)
    ids = _ids(asked)
    try:
        (contact_id,) = known_contacts([read_identity(asked.get("contact"), "contact")])
    except UserError as error:
        raise BadRequest(str(error)) from error
    if contact_id is None:
        return None
    standing = Offer.objects.filter(pk__in=ids) if ids is not None else Offer.objects.filter(is_open=True)
    offers = list(standing.select_related("product").order_by("name")[:MOST_OFFERS])
    now = clock.now()
    verdicts = judge_offers(offers, [contact_id], now)
    left = count_left(offers)
    told: dict[str, Any] = {"asked_at": now.isoformat(), "offers": [], "closed": []}
    for offer in offers:
        verdict = verdicts.get((offer.pk, contact_id))
        if verdict is None:  # erased at this very moment
            return None
        if verdict.reason is None:
            told["offers"].append(_open(offer, verdict, contact_id, left.get(offer.pk)))
        else:
            closed = {"id": offer.pk, "name": offer.name, "finest": offer.is_finest, "reason": str(verdict.reason)}
            told["closed"].append(closed)
    return told


def _read(body: bytes) -> dict[str, Any]:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        raise BadRequest("The body is not JSON.") from None
    if not isinstance(data, dict):
        raise BadRequest('The body must be {"contact": {"email": "…"}}.')
    if unknown := data.keys() - _FIELDS:
        raise BadRequest(f"Unknown field {sorted(unknown)[0][:50]!r}; known: {sorted(_FIELDS)}.")
    return data


def _ids(asked: dict[str, Any]) -> list[int] | None:
    ids = asked.get("offers")
    if ids is None:
        return None
    if (
        not isinstance(ids, list)
        or not 0 < len(ids) <= MOST_OFFERS
        or not all(type(each) is int and 0 < each < 2**63 for each in ids)
    ):
        raise BadRequest(f'"offers" must be a list of 1 to {MOST_OFFERS} ids of offers.')
    return ids


def _open(offer: Offer, verdict: Verdict, contact_id: int, left: int | None) -> dict[str, Any]:
    return {
        "id": offer.pk,
        "name": offer.name,
        "finest": offer.is_finest,
        "description": offer.description,
        "product": offer.product.name,
        "price": offer.price,
        "currency": offer.currency,
        "deadline": verdict.deadline.isoformat() if verdict.deadline is not None else None,
        "hours_from_sight": verdict.hours_from_sight,
        "left": left,
        "url": f"{settings.JOUREN.base_url}/offer/{offer_token(offer.pk, contact_id)}",
    }
