"""An order that names a coupon of an offer uses its code, whoever told of the order and however often."""

from __future__ import annotations

import pytest

from jouren.catalog.offers.coupons import make_coupon
from jouren.catalog.offers.models import CouponCode, OfferApplication, Redemption
from jouren.core import clock
from jouren.orders.errors import BadOrder
from jouren.orders.models import Order
from jouren.orders.telling import tell_orders
from tests.connecting import from_shopify, shopify, shopify_order
from tests.offering import make_offer
from tests.telling import told
from tests.walking import work

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def spring() -> None:
    make_coupon(make_offer(), "Spring", "shared", 300, code="SPRING10")


def test_an_order_uses_the_code_it_names_once() -> None:
    for _again in range(2):
        tell_orders("shop", [told("placed", coupon="ｓpring10"), told("paid", coupon="ｓpring10", days=1)])
        work()
    used = Redemption.objects.get()
    assert (used.order_ref, used.discount, used.contact.pk) == ("1", 300, Order.objects.get().contact.pk)
    assert CouponCode.objects.get().uses == 1
    assert OfferApplication.objects.count() == 1


def test_a_code_of_the_shops_own_an_order_of_the_past_and_a_code_that_is_used_up_stop_no_order() -> None:
    tell_orders("shop", [told("paid", "1", coupon="OTHER"), told("paid", "2", coupon="SPRING10", historical=True)])
    work()
    assert Redemption.objects.count() == 0
    tell_orders("shop", [told("paid", "3", coupon="SPRING10")])
    work()
    tell_orders("shop", [told("paid", "4", coupon="SPRING10")])
    work()
    assert Redemption.objects.get().order_ref == "3"
    assert Order.objects.filter(paid_at__isnull=False).count() == 4


def test_of_several_codes_of_an_order_ours_is_used_wherever_it_stands() -> None:
    codes = [{"code": "OTHER", "amount": "100"}, {"code": "SPRING10", "amount": "300"}, {"code": "", "amount": "0"}]
    now = clock.now().isoformat()
    paid = shopify_order(created_at=now, processed_at=now, updated_at=now, discount_codes=codes)
    assert from_shopify(shopify(), "orders/paid", paid, "d1")[2]["taken"] == 1
    work()
    assert Redemption.objects.get().code.code == "SPRING10"
    assert Order.objects.get().coupon == "OTHER"


@pytest.mark.parametrize("codes", [["x" * 101], [""], ["A"] * 21])
def test_codes_that_could_not_be_kept_are_refused(codes: list[str]) -> None:
    with pytest.raises(BadOrder):
        tell_orders("shop", [told("paid", coupons=codes)])
