"""What offers do when a person is erased, or turns out to be somebody known."""

from __future__ import annotations

from collections.abc import Sequence

from jouren.catalog.offers.models import CouponCode, OfferApplication, OfferRefusal, OfferSight, Redemption
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


def erase_people(contact_ids: Sequence[int]) -> None:
    """Forget what they looked at. That an order was placed, and a coupon used, stays: the shop's books need it."""
    OfferSight.objects.filter(contact__in=contact_ids).delete()
    OfferRefusal.objects.filter(contact__in=contact_ids).delete()
