"""What offers do when a person is erased or turns out to be somebody known, and which segments they ask for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jouren.catalog.offers.models import CouponCode, Offer, OfferApplication, OfferRefusal, OfferSight, Redemption
from jouren.contacts.segments.actions import Use, condition_asks
from jouren.core.sql import load_sql

_sql = load_sql("catalog")


def merge_people(kept_id: int, gone_id: int) -> None:
    """Give one person's offers to the other. Of two first sights the earlier one counts: no deadline begins anew."""
    people = {"kept_id": kept_id, "gone_id": gone_id}
    _sql.run("merge_sights", people)
    _sql.run("merge_refusals", people)
    OfferSight.objects.filter(contact=gone_id).delete()
    OfferRefusal.objects.filter(contact=gone_id).delete()
    CouponCode.objects.filter(given_to=gone_id).update(given_to=kept_id)
    Redemption.objects.filter(contact=gone_id).update(contact=kept_id)
    OfferApplication.objects.filter(contact=gone_id).update(contact=kept_id)


def segment_uses(segment_id: int) -> list[Use]:
    """The offers that need a segment to stay: the open ones."""
    asking = Offer.objects.filter(is_open=True).exclude(condition=None).order_by("name")
    return [Use("offer", offer.name, offer.pk) for offer in asking if condition_asks(offer.condition, segment_id)]


def erase_people(contact_ids: Sequence[int]) -> None:
    """Forget what they looked at. That an order was placed, and a coupon used, stays: the shop's books need it."""
    OfferSight.objects.filter(contact__in=contact_ids).delete()
    OfferRefusal.objects.filter(contact__in=contact_ids).delete()


def offers_of_person(contact_id: int) -> dict[str, list[dict[str, Any]]]:
    """What is kept of a person and offers, for whom asks for all that is kept about them."""
    rows: dict[str, Any] = {
        "seen": OfferSight.objects.order_by("first_seen_at").values("offer__name", "first_seen_at"),
        "closed": OfferRefusal.objects.order_by("at").values("offer__name", "reason", "at"),
        "taken": OfferApplication.objects.order_by("at").values(
            "offer__name", "order_ref", "via", "state", "price", "currency", "at"
        ),
        "coupons": Redemption.objects.order_by("at").values("code__code", "order_ref", "discount", "at"),
    }
    return {name: list(of.filter(contact=contact_id)) for name, of in rows.items()}
