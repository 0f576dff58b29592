"""Coupons: codes made, imported, shown and used once."""

from __future__ import annotations

import pytest

from jouren.catalog.errors import BadCoupon, CouponRefused
from jouren.catalog.offers.actions import ALPHABET, see_offer
from jouren.catalog.offers.coupons import (
    CodesNotImported,
    code_for,
    generate_codes,
    import_codes,
    make_coupon,
    redeem,
    set_coupon_open,
)
from jouren.catalog.offers.models import Coupon, CouponCode, OfferApplication, Redemption
from jouren.catalog.offers.queries import coupon_figures
from jouren.contacts.actions import create_contact
from tests.at_once import at_once
from tests.offering import make_offer, person_on
from tests.walking import Time

pytestmark = pytest.mark.django_db


def unique(**details: object) -> Coupon:
    return make_coupon(make_offer(**details), "Spring", "unique", 3_000)


def shared(code: str = "SPRING10", **details: object) -> Coupon:
    return make_coupon(make_offer(**details), "Spring", "shared", 3_000, code=code)


def refusal(code: str, contact_id: int, order: str = "N9") -> str:
    with pytest.raises(CouponRefused) as refused:
        redeem(code, contact_id, order)
    return refused.value.reason


@pytest.mark.django_db(transaction=True)
def test_of_fifty_uses_of_one_code_at_once_one_counts() -> None:
    coupon = unique(is_once=False)
    generate_codes(coupon, 1)
    code = CouponCode.objects.get().code
    people = [create_contact(email=f"p{number}@example.jp").pk for number in range(50)]

    def use(number: int) -> str:
        try:
            redeem(code, people[number], f"N{number}")
        except CouponRefused as refused:
            return refused.reason
        return "used"

    answers = at_once(*[lambda number=number: use(number) for number in range(50)])  # type: ignore[misc]
    assert sorted(answers) == ["used"] + ["used_up"] * 49
    assert Redemption.objects.count() == 1
    assert CouponCode.objects.get().uses == 1
    assert OfferApplication.objects.count() == 1


def test_generated_codes_are_told_apart_by_eye_and_are_all_different() -> None:
    generate_codes(unique(), 300)
    codes = list(CouponCode.objects.values_list("code", flat=True))
    assert len(set(codes)) == 300
    assert {len(code) for code in codes} == {10}
    assert set("".join(codes)) <= set(ALPHABET)
    assert not set("01OI") & set(ALPHABET)


def test_codes_are_imported_from_csv_however_they_are_written() -> None:
    coupon = unique()
    assert import_codes(coupon, '\ufeffコード,メモ\r\nａbc-1,x\r\n\r\n"DEF2",\r\nghi 3\r\n') == 3
    assert list(CouponCode.objects.values_list("code", flat=True)) == ["ABC-1", "DEF2", "GHI3"]


def test_an_import_with_a_bad_line_stores_nothing_and_lists_each_with_its_reason() -> None:
    coupon = unique()
    import_codes(coupon, "OLD1")
    with pytest.raises(CodesNotImported) as refused:
        import_codes(coupon, "NEW1\n<script>\nNEW1\nold1\nNEW2")
    assert [(line.number, line.text) for line in refused.value.lines] == [(2, "<script>"), (3, "NEW1"), (4, "OLD1")]
    assert CouponCode.objects.count() == 1
    with pytest.raises(BadCoupon):
        import_codes(coupon, "\n\n")
    with pytest.raises(BadCoupon):
        import_codes(shared(name="Other"), "ABC")


def test_a_shared_code_counts_once_for_each_person_and_the_same_order_is_no_second_use() -> None:
    coupon = shared(is_once=False)
    one, two = person_on(1, 1), person_on(1, 2)
    used = redeem(" spring10 ", one.pk, "N1")
    assert redeem("SPRING10", one.pk, "N1") == used
    assert refusal("SPRING10", one.pk, "N2") == "used_before"
    assert refusal("SPRING10", two.pk, "N1") == "used_up"
    redeem("SPRING10", two.pk, "N3")
    assert coupon_figures(coupon.offer)[coupon.pk] == (1, 0, 2, 6_000)
    assert refusal("NOSUCH", one.pk) == "unknown"
    set_coupon_open(coupon, is_open=False)
    assert refusal("SPRING10", person_on(1, 3).pk) == "closed"


def test_a_code_is_no_use_to_whom_the_offer_is_closed_to() -> None:
    shared(least_stage=4)
    assert refusal("SPRING10", person_on(2).pk) == "wrong_stage"
    assert not Redemption.objects.exists()
    redeem("SPRING10", person_on(4, 2).pk, "N1")


def test_the_page_shows_a_person_the_same_code_each_time_and_nobody_else_can_use_it(time: Time) -> None:
    coupon = unique()
    generate_codes(coupon, 2)
    one, two, three = (person_on(1, number) for number in (1, 2, 3))
    assert not code_for(coupon.offer, one.pk)  # who has not seen the offer has no code
    for person in (one, two, three):
        see_offer(coupon.offer, person.pk)
    own = code_for(coupon.offer, one.pk)
    assert code_for(coupon.offer, one.pk) == own != code_for(coupon.offer, two.pk)
    assert not code_for(coupon.offer, three.pk)  # none is left
    assert refusal(own, three.pk) == "of_another"
    redeem(own, one.pk, "N1")
    assert coupon_figures(coupon.offer)[coupon.pk] == (2, 2, 1, 3_000)
