"""What an order that does not stand any more gives back: its place in an offer, and its coupon code."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.db.models import F, Q

from jouren.catalog.offers.models import CouponCode, OfferApplication, Redemption
from jouren.catalog.offers.vocabulary import ApplicationState
from jouren.core import clock


@transaction.atomic
def undo_orders(orders: Mapping[tuple[str, str], datetime]) -> int:
    """Give back what orders, by source and number, took, each when it was undone: their codes cost nothing now, and
    where the offer is set so, can be used again, and the offer has its place back. Repeated, nothing changes. Returns
    how much was given back.
    """
    of_them = Q(order_ref__in={number for _source, number in orders}, source__in={source for source, _n in orders})
    # In the order in which codes and offers are locked elsewhere.
    uses = Redemption.objects.select_related("code__coupon__offer").filter(of_them, undone_at=None)
    done = 0
    for used in uses.order_by("code__coupon__offer", "code"):
        if (used.source, used.order_ref) not in orders:
            continue
        CouponCode.objects.select_for_update().get(pk=used.code_id)
        if not Redemption.objects.filter(pk=used.pk, undone_at=None).update(undone_at=clock.now()):
            continue
        if used.code.coupon.offer.gives_back:
            CouponCode.objects.filter(pk=used.code_id, uses__gt=0).update(uses=F("uses") - 1)
            done += 1
    taken = OfferApplication.objects.filter(of_them, offer__gives_back=True).exclude(state=ApplicationState.CANCELLED)
    for pk, *order in taken.order_by("offer", "pk").values_list("pk", "source", "order_ref"):
        if (undone_at := orders.get((order[0], order[1]))) is not None:
            cancelled = {"state": ApplicationState.CANCELLED, "cancelled_at": undone_at}
            done += OfferApplication.objects.filter(pk=pk).update(**cancelled)
    return done
