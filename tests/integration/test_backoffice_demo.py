"""The demo shop is whole: everything in it is published, and its people stand on every stage."""

from __future__ import annotations

import pytest

from jouren.backoffice.demo import load_demo
from jouren.broadcasts.checking import find_problems
from jouren.broadcasts.models import Broadcast
from jouren.broadcasts.vocabulary import BroadcastState
from jouren.content.models import LandingPage
from jouren.core import clock
from jouren.journeys.models import Journey, JourneyVersion
from jouren.messaging.models import Delivery, Message
from jouren.messaging.vocabulary import State
from jouren.pyramid.models import PyramidPosition

pytestmark = pytest.mark.django_db


def test_the_demo_shop_is_loaded_once_and_whole() -> None:
    assert load_demo()
    assert Journey.objects.count() == JourneyVersion.objects.filter(live=True).count() == 4
    assert not Message.objects.filter(live=False).exists()
    assert LandingPage.objects.live().count() == 1
    assert {1, 2, 3, 4, 5} - {1} <= set(PyramidPosition.objects.values_list("stage", flat=True))
    assert set(Delivery.objects.values_list("state", flat=True)) == {State.SENT}
    states = Broadcast.objects.order_by("pk").values_list("state", flat=True)
    assert list(states) == [BroadcastState.SENT, BroadcastState.DRAFT]
    assert not find_problems(Broadcast.objects.get(state=BroadcastState.DRAFT), clock.now())
    assert not load_demo()
    assert Journey.objects.count() == 4
