"""The small demo shop is whole: everything in it is published, and its people stand on every stage."""

from __future__ import annotations

import pytest

from jouren.backoffice.demo import load_demo
from jouren.backoffice.demo.set_up import COLOUR
from jouren.backoffice.home.checklist import steps
from jouren.broadcasts.audience import count_reachable
from jouren.broadcasts.checking import find_problems
from jouren.broadcasts.models import Broadcast
from jouren.broadcasts.vocabulary import BroadcastState
from jouren.catalog.models import Product, ProductCode
from jouren.catalog.vocabulary import Role
from jouren.conditions.queries import contact_ids
from jouren.contacts.segments.actions import Use, uses_of
from jouren.contacts.segments.models import Segment
from jouren.contacts.segments.queries import people_in_segment
from jouren.content.models import LandingPage, LegalPage
from jouren.core import clock
from jouren.journeys.models import Journey, JourneyVersion
from jouren.messaging.models import Delivery, Message, ShopSettings
from jouren.messaging.vocabulary import State
from jouren.orders.queries import sold_by_product, unmapped_codes
from jouren.pyramid.models import PyramidPosition
from tests.demo_shop import check_mechanisms

pytestmark = [
    pytest.mark.django_db,
    # Wagtail leaves the file of a new rendition to the garbage collector.
    pytest.mark.filterwarnings("ignore:.*SpooledTemporaryFile:pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore:Unclosed file <_io.BytesIO:ResourceWarning"),
]


def test_the_demo_shop_is_loaded_once_and_whole() -> None:
    assert load_demo(small=True)
    assert Journey.objects.count() == JourneyVersion.objects.filter(live=True).count() == 7
    assert not Message.objects.filter(live=False).exists()
    assert LandingPage.objects.live().count() == 1
    assert {1, 2, 3, 4, 5} - {1} <= set(PyramidPosition.objects.values_list("stage", flat=True))
    assert set(Delivery.objects.values_list("state", flat=True)) == {State.SENT}
    states = Broadcast.objects.order_by("pk").values_list("state", flat=True)
    assert list(states) == [BroadcastState.SENT, BroadcastState.DRAFT]
    assert not find_problems(Broadcast.objects.get(state=BroadcastState.DRAFT), clock.now())
    _check_segment()
    _check_split()
    _check_products()
    _check_set_up()
    check_mechanisms()
    assert not load_demo(small=True)
    assert Journey.objects.count() == 7


def _check_segment() -> None:
    """It is filled, and the draft goes to the people in it."""
    segment = Segment.objects.get()
    draft = Broadcast.objects.get(state=BroadcastState.DRAFT)
    members = [member.contact.pk for member in people_in_segment(segment.pk)]
    assert segment.is_filled
    assert len(members) == 11
    assert sorted(members) == sorted(contact_ids(segment.condition))
    assert uses_of(segment.pk) == [Use("broadcast", draft.name, draft.pk)]
    assert count_reachable(draft.audience, "newsletter", clock.now()) == 11


def _check_set_up() -> None:
    """Nothing of the set-up is left to do, and mails have the shop's logo and colour."""
    assert [state.key for state in steps() if state.is_left] == []
    assert LegalPage.objects.live().count() == 2
    shop = ShopSettings.objects.get()
    assert shop.commerce_law_url.endswith("/law/") and shop.privacy_url.endswith("/privacy/")
    letter = Message.objects.get(name="手紙1 今夜の洗顔を変える三つのこと").versions.get()
    html = letter.bodies["email"]["html"]
    assert 'alt="{{ shop.name }}"' in html and COLOUR in html


def _check_split() -> None:
    versions = JourneyVersion.objects.filter(live=True)
    steps = [step for version in versions for step in version.compiled["steps"].values() if step["type"] == "split"]
    assert [[way["weight"] for way in step["ways"]] for step in steps] == [[70, 30]]


def _check_products() -> None:
    """There is one for each role, and all that orders name is known but one code."""
    assert set(Product.objects.filter(is_on_sale=True).values_list("role", flat=True)) == set(Role.values)
    sold = sold_by_product()
    codes = ("skin-trial", "skin-trial-3", "skin-30", "skin-regular")
    assert all(sold[ProductCode.objects.get(code=code).product_id].orders for code in codes)
    assert [each.code for each in unmapped_codes(9)] == ["towel-white"]
