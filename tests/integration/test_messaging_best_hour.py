"""Hours learned from clicks, and the moment that they give."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest

from jouren.contacts.actions import erase_contact, merge_contacts, set_locale
from jouren.contacts.models import Contact
from jouren.events.actions import NewEvent, record_events
from jouren.events.reactor import tick
from jouren.messaging.best_hour import best_hours, load_shop_hours
from jouren.messaging.models import ClickHour, ShopClickHour
from jouren.messaging.sending_rules.actions import save_rules
from jouren.messaging.sending_rules.terms import Rules, Window
from tests.messages import reader
from tests.sending_rules import NEW_YORK, TOKYO, tokyo

pytestmark = pytest.mark.django_db


def click(contact: Contact, *moments: datetime, by: str = "human", kind: str = "message.clicked") -> None:
    extra = {"url": "https://example.jp/"} if kind == "message.clicked" else {}
    record_events(
        [NewEvent(kind, contact.pk, {"delivery": 1, "by": by, **extra}, occurred_at=moment) for moment in moments]
    )
    while tick():
        pass


def evenings(count: int, hour: int = 20) -> list[datetime]:
    return [tokyo(2026, 10, 1, hour, 15) + timedelta(days=number) for number in range(count)]


def hours_of(contact: Contact) -> dict[int, int]:
    return dict(ClickHour.objects.filter(contact_id=contact.pk).values_list("hour", "clicks"))


def pairs() -> tuple[int, int]:
    """Pairs of clicks of one person, and those within one hour, as the shop has counted them."""
    rows = ShopClickHour.objects.values_list("pairs", "same_pairs")
    return sum(row[0] for row in rows), sum(row[1] for row in rows)


def pairs_counted_anew() -> tuple[int, int]:
    people: dict[int, list[int]] = {}
    for contact_id, clicks in ClickHour.objects.values_list("contact_id", "clicks"):
        people.setdefault(contact_id, []).append(clicks)
    every = sum(sum(own) * (sum(own) - 1) for own in people.values())
    return every, sum(clicks * (clicks - 1) for own in people.values() for clicks in own)


def test_a_click_counts_in_the_hour_of_the_persons_own_day() -> None:
    here, there = reader("a@example.jp"), reader("b@example.jp")
    set_locale(there.pk, zone="America/New_York")
    for contact in (here, there):
        click(contact, tokyo(2026, 10, 1, 20, 15), tokyo(2026, 10, 2, 20, 59), tokyo(2026, 10, 2, 21))
    assert hours_of(here) == {20: 2, 21: 1}
    assert hours_of(there) == {7: 2, 8: 1}


def test_opens_and_scanners_teach_nothing() -> None:
    contact = reader("a@example.jp")
    click(contact, *evenings(3), by="scanner")
    click(contact, *evenings(3), kind="message.opened")
    assert not ClickHour.objects.exists()
    assert not ShopClickHour.objects.exists()


def test_imported_clicks_teach_too() -> None:
    contact = reader("a@example.jp")
    payload = {"delivery": 1, "by": "human", "url": "https://example.jp/"}
    record_events([NewEvent("message.clicked", contact.pk, payload, evenings(1)[0], historical=True)])
    while tick():
        pass
    assert hours_of(contact) == {20: 1}


def test_the_shop_counts_all_pairs_of_clicks_once() -> None:
    for number in range(3):
        click(reader(f"r{number}@example.jp"), *evenings(number + 2), *evenings(number, 7))
    assert pairs() == pairs_counted_anew() == (2 * 1 + 4 * 3 + 6 * 5, 2 * 1 + 3 * 2 + 4 * 3 + 2 * 1)


def test_merged_people_are_one_and_an_erased_one_is_forgotten() -> None:
    kept, gone = reader("kept@example.jp"), reader("gone@example.jp")
    click(kept, *evenings(3), *evenings(1, 7))
    click(gone, *evenings(2), *evenings(2, 9))
    merge_contacts(kept.pk, gone.pk)
    assert hours_of(kept) == {20: 5, 7: 1, 9: 2}
    assert hours_of(gone) == {}
    assert pairs() == pairs_counted_anew()
    erase_contact(kept.pk)
    assert not ClickHour.objects.exists()
    click(kept, *evenings(1))
    assert not ClickHour.objects.exists()


def test_everybody_gets_a_moment_at_their_hour_in_their_zone() -> None:
    habit, new, abroad, merged = (reader(f"{name}@example.jp") for name in ("habit", "new", "abroad", "merged"))
    set_locale(abroad.pk, zone="America/New_York")
    click(habit, *evenings(30))
    for number in range(5):
        click(reader(f"r{number}@example.jp"), *evenings(10, 7))
    merge_contacts(habit.pk, merged.pk)
    assert best_hours([habit.pk, new.pk, abroad.pk, merged.pk, 10**9], NEW_YORK) == {
        habit.pk: (20, TOKYO),
        new.pk: (7, TOKYO),
        abroad.pk: (7, NEW_YORK),
        merged.pk: (20, TOKYO),
        10**9: (7, NEW_YORK),
    }


def test_a_new_shop_writes_at_the_hour_that_is_set() -> None:
    contact = reader("a@example.jp")
    assert best_hours([contact.pk], TOKYO) == {contact.pk: (8, TOKYO)}
    save_rules(Rules(TOKYO), default_hour=19)
    assert best_hours([contact.pk], TOKYO) == {contact.pk: (19, TOKYO)}


def test_the_best_hour_keeps_to_the_sending_rules() -> None:
    contact = reader("a@example.jp")
    click(contact, *evenings(30, 3), *evenings(10, 18))
    save_rules(Rules(TOKYO, window=Window(time(8), time(20))))
    assert best_hours([contact.pk], TOKYO) == {contact.pk: (18, TOKYO)}


def test_the_shops_best_hour_is_learned_from_everybody() -> None:
    click(reader("a@example.jp"), *evenings(30))
    assert load_shop_hours(8).best == 20
