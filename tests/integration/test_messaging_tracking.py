"""Opens and clicks: what a token leads to, and which of them count."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from jouren.core import clock
from jouren.core.sql import load_sql
from jouren.events.types import Event
from jouren.messaging.actions import plan_deliveries
from jouren.messaging.models import Delivery
from jouren.messaging.reactions import note_first_times
from tests.messages import planned, published, reader

pytestmark = pytest.mark.django_db
sql = load_sql("messaging")


@pytest.fixture
def delivery() -> Delivery:
    buttons = [("button", {"text": "見る", "url": f"https://example.jp/{n}"}) for n in "ab"]
    plans = plan_deliveries([planned(published(*buttons), reader("a@example.jp"))], clock.now())
    return Delivery.objects.get(pk=plans[0].id)


def event(kind: str, delivery: Delivery, minutes: int, by: str) -> Event:
    at = clock.now().replace(microsecond=0) + timedelta(minutes=minutes)
    payload: dict[str, Any] = {"delivery": delivery.pk, "by": by}
    return Event(1, delivery.contact_id, kind, 1, at, at, "test", payload, False)


def test_a_click_leads_to_the_links_of_its_message_only(delivery: Delivery) -> None:
    targets = [sql.one("click_target", {"delivery_id": delivery.pk, "link": link}) for link in (0, 1, 2, -3)]
    assert [row[1] if row else "" for row in targets] == ["https://example.jp/a", "https://example.jp/b", None, None]
    assert sql.one("click_target", {"delivery_id": delivery.pk + 1, "link": 0}) is None


def test_an_unsubscribe_link_knows_person_channel_and_topic(delivery: Delivery) -> None:
    assert sql.one("delivery_of_token", {"delivery_id": delivery.pk}) == (
        delivery.contact_id,
        "email",
        "newsletter",
        delivery.run_id,
    )


def test_the_first_human_times_are_kept(delivery: Delivery) -> None:
    late, early = event("message.opened", delivery, 5, "human"), event("message.opened", delivery, 2, "human")
    for each in (late, early, event("message.opened", delivery, 9, "human")):
        note_first_times([each])
    delivery.refresh_from_db()
    assert (delivery.first_opened_at, delivery.first_clicked_at) == (early.occurred_at, None)
    click = event("message.clicked", delivery, 7, "human")
    note_first_times([click])
    delivery.refresh_from_db()
    assert (delivery.first_opened_at, delivery.first_clicked_at) == (early.occurred_at, click.occurred_at)


def test_a_click_is_an_open_too(delivery: Delivery) -> None:
    click = event("message.clicked", delivery, 3, "human")
    note_first_times([click])
    delivery.refresh_from_db()
    assert delivery.first_opened_at == delivery.first_clicked_at == click.occurred_at


def test_machines_do_not_count(delivery: Delivery) -> None:
    note_first_times([event("message.clicked", delivery, 3, "scanner")])
    delivery.refresh_from_db()
    assert (delivery.first_opened_at, delivery.first_clicked_at) == (None, None)
