"""Orders in messages: their number and products, where a walk is about one, and no message where it is about none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from jouren.backoffice.messages.wording import why_withheld
from jouren.broadcasts.actions import start_broadcast
from jouren.broadcasts.errors import InvalidBroadcast
from jouren.catalog.actions import map_code, save_product
from jouren.catalog.models import Product
from jouren.catalog.vocabulary import Role
from jouren.contacts.actions import merge_contacts
from jouren.journeys.actions import enrol_by_hand
from jouren.journeys.checking import checked_program
from jouren.journeys.compiler import JourneyProblem
from jouren.journeys.replay.persona import Persona, live_as
from jouren.journeys.replay.sources import setting_of
from jouren.journeys.series.actions import insert_messages
from jouren.journeys.series.errors import SeriesProblem
from jouren.journeys.series.models import Series
from jouren.journeys.versions import live_version_of
from jouren.messaging.errors import InvalidMessage
from jouren.messaging.models import Delivery, Message, MessageVersion
from jouren.messaging.preview import preview_version
from jouren.messaging.publishing import check_message
from jouren.messaging.sender import LaneSender
from jouren.messaging.vocabulary import State
from tests.backoffice import owner_client
from tests.broadcasting import draft_broadcast
from tests.messages import draft, make_shop, published, reader
from tests.sending import run
from tests.series import publish
from tests.smtp_server import ScriptedServer, text_of
from tests.walking import START, Time, buy, draft_journey, live_journey, send, wait, walks, work

pytestmark = pytest.mark.django_db
TEXT = ("text", "<p>{{ product.name }} ({{ order.number }})</p>")
ONCE_EACH = {"reentry": "keyed", "key": "order"}


def thanks(**fields: Any) -> MessageVersion:
    return published(TEXT, **{"subject": "Order {{ order.number }}", "language": "en", "name": "Thanks"} | fields)


def message_of(version: MessageVersion) -> Message:
    assert version.message is not None
    return version.message


def told(contact_id: int) -> list[tuple[str, str]]:
    """The order's number and the product's name of each message that was planned for somebody."""
    contexts = Delivery.objects.filter(contact_id=contact_id).order_by("pk").values_list("context", flat=True)
    return [(each["order"]["number"], each["product"]["name"]) for each in contexts]


def lines(*names: tuple[str, str]) -> dict[str, Any]:
    rows = [{"code": code, "name": name, "quantity": 1, "amount": 100} for code, name in names]
    return {"products": [code for code, _name in names], "lines": rows}


@pytest.mark.django_db(transaction=True)
def test_a_letter_of_each_walk_names_its_own_order(
    server: ScriptedServer, sender: Callable[..., LaneSender], time: Time
) -> None:
    tea = save_product(Product(name="深蒸し茶 <100 g>", role=Role.MAIN, price=1_000))
    map_code(tea.pk, "tea")
    live_journey([send(message_of(thanks()))], **ONCE_EACH)
    person = reader("a@example.jp")
    buy(person, "1001")
    buy(person, "1002", name="#2", **lines(("cup", "A cup\n"), ("tea", "Tea as the shop names it"), ("tea", "")))
    work()
    run(sender())
    mails = {str(mail["Subject"]): mail for mail in server.mails_to("a@example.jp")}
    assert sorted(mails) == ["Order #2", "Order 1001"]
    assert "深蒸し茶 <100 g> (1001)" in text_of(mails["Order 1001"], "plain")
    assert "深蒸し茶 &lt;100 g&gt; (1001)" in text_of(mails["Order 1001"], "html")
    assert "A cup, 深蒸し茶 <100 g> (#2)" in text_of(mails["Order #2"], "plain")


def test_a_journey_that_is_walked_once_names_the_order_that_began_it(time: Time) -> None:
    journey = live_journey([send(message_of(thanks()), "a"), wait(3), send(message_of(thanks()), "b")])
    assert checked_program(journey)["key"] == "order"
    person = reader("a@example.jp")
    buy(person, "1001", products=[])
    work()
    time.pass_by(days=2)
    buy(person, "1002")
    work()
    time.pass_by(days=2)
    work()
    assert len(walks(person)) == 1
    assert told(person.pk) == [("1001", "what you ordered")] * 2


def test_of_many_products_the_first_are_named(time: Time) -> None:
    live_journey([send(message_of(thanks()))])
    person = reader("a@example.jp")
    buy(person, "1001", **lines(("a", "A"), ("b", "B"), ("c", "C"), ("d", "D")))
    work()
    assert told(person.pk) == [("1001", "A, B, C and more")]


@pytest.mark.parametrize(
    "trigger",
    [
        [{"type": "stage", "value": {"stage": "3"}}],
        [{"type": "purchase", "value": {"kind": "", "product": ""}}, {"type": "stage", "value": {"stage": "3"}}],
        [{"type": "date", "value": {"fact": "orders.last_at", "argument": "", "offset": 7, "at": "09:00"}}],
        [{"type": "event", "value": {"event": "subscription.renewed"}}],
        [{"type": "by_hand", "value": None}],
    ],
)
def test_a_journey_that_somebody_may_walk_without_an_order_cannot_send_it(trigger: Any) -> None:
    journey = draft_journey([send(message_of(thanks()))], trigger)
    with pytest.raises(JourneyProblem, match=r"“Thanks” names an order.*only way in"):
        checked_program(journey)


def test_walks_told_apart_by_something_else_cannot_send_it() -> None:
    journey = draft_journey([send(message_of(thanks()))], reentry="keyed", key="subscription")
    with pytest.raises(JourneyProblem, match="walked once for each order"):
        checked_program(journey)


def test_days_after_an_order_it_is_named_too(time: Time) -> None:
    after = [{"type": "after_event", "value": {"event": "order.delivered", "offset": 7, "at": "09:00"}}]
    assert checked_program(draft_journey([send(message_of(thanks()))], after))["key"] == "order"


def test_who_is_put_in_by_hand_has_no_order_and_is_told_so(time: Time) -> None:
    journey = live_journey([send(message_of(thanks()))], **ONCE_EACH)
    person = reader("a@example.jp")
    enrol_by_hand(journey, [person.pk])
    work()
    (delivery,) = Delivery.objects.filter(contact_id=person.pk)
    assert (delivery.state, delivery.reason) == (State.SUPPRESSED, "no_order")
    assert "names an order" in why_withheld("no_order")[0]


def test_two_halves_of_a_person_walk_on_as_one_though_each_bought(time: Time) -> None:
    live_journey([wait(1), send(message_of(thanks()))])
    kept, gone = reader("a@example.jp"), reader("b@example.jp")
    buy(kept, "1001")
    buy(gone, "1002")
    work()
    merge_contacts(kept.pk, gone.pk)
    time.pass_by(days=1, hours=1)
    work()
    assert [number for number, _product in told(kept.pk)] == ["1001"]


def test_a_preview_shows_a_persons_newest_order_or_an_invented_one() -> None:
    version, person = thanks(), reader("a@example.jp")
    assert "Sample product (1024)" in preview_version(version).text
    assert preview_version(version, person).subject == "Order 1024"
    buy(person, "77", **lines(("tea", "Green tea")))
    work()
    shown = preview_version(version, person)
    assert (shown.subject, "Green tea (77)" in shown.text) == ("Order 77", True)


def test_a_person_made_up_for_a_journey_has_an_order(time: Time) -> None:
    journey = live_journey([send(message_of(thanks()))])
    version = live_version_of(journey.pk)
    assert version is not None
    happened = live_as(Persona(START), setting_of(version, START, START))
    assert [each.what for each in happened if each.what in {"sent", "stopped"}] == ["sent"]


def test_the_editor_lists_them_and_built_in_messages_do_not_have_them() -> None:
    make_shop()
    with pytest.raises(InvalidMessage, match=r"order\.number.*product\.name"):
        check_message(draft(("text", "<p>{{ order.amount }}</p>")))
    with pytest.raises(InvalidMessage, match=r"Unknown variable \{\{ order\.number") as refused:
        check_message(draft(TEXT, kind="transactional"))
    assert "product.name," not in str(refused.value)


def test_a_broadcast_and_a_series_are_about_no_order() -> None:
    version = thanks()
    with pytest.raises(InvalidBroadcast, match="“Thanks” names an order"):
        start_broadcast(draft_broadcast(version=version).pk)
    series = Series.objects.create(name="Letters")
    insert_messages(series.pk, [message_of(version)], by=None)
    with pytest.raises(SeriesProblem, match="“Thanks”, names an order"):
        publish(series)


def test_the_journeys_editor_says_so_over_http() -> None:
    journey = draft_journey([send(message_of(thanks()))], [{"type": "by_hand", "value": None}])
    journey.save_revision()
    page = owner_client().get(f"/admin/journeys/persona/{journey.pk}/").content.decode()
    assert "names an order" in page
