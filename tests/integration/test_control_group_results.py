"""What all marketing together brings, read from the orders of both sides."""

from __future__ import annotations

from typing import Any

import pytest

from jouren.contacts.actions import merge_contacts, withdraw_consent
from jouren.contacts.models import Contact
from jouren.core.comparison import Finding
from jouren.core.lots import is_drawn
from jouren.events.actions import NewEvent, record_event
from jouren.messaging.control_group.actions import save_control_group
from jouren.messaging.control_group.queries import stored_group
from jouren.messaging.control_group.results import ControlResults, count_control, tell_control
from jouren.reports import kept
from jouren.reports.kept import control_counts, count_ahead
from tests.backoffice import client_of, make_person, owner
from tests.counting import count_all, forget_jobs
from tests.walking import START, Time, make_reader, newsletter, work

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("time")]


def pay(contact: Contact, order: str, amount: int, **details: Any) -> None:
    paid = {"order": order, "kind": "regular", "amount": amount, "currency": "JPY", "products": []}
    record_event(NewEvent("order.paid", contact.pk, paid, source="shop", **details))
    work()


def sides(count: int = 12) -> tuple[list[Contact], list[Contact]]:
    """(Those who may get marketing, the control group)"""
    people = [make_reader(number) for number in range(1, count + 1)]
    drawn = {each: is_drawn("control group", each.pk, 50) for each in people}
    return [each for each in people if not drawn[each]], [each for each in people if drawn[each]]


def results() -> ControlResults:
    group = stored_group()
    found = control_counts(group)
    assert found is not None
    assert found.answer is not None
    return tell_control(found.answer, group)


def test_without_a_control_group_there_is_nothing_to_compare() -> None:
    assert control_counts(stored_group()) is None


def test_purchases_of_both_sides_are_compared_once_their_time_is_over(time: Time) -> None:
    treated, control = sides()
    make_person(99)  # agreed to nothing
    pay(treated[1], "0", 700)
    time.pass_by(days=1)
    save_control_group(50, days=30, smallest_effect=20)
    time.pass_by(days=1)
    pay(treated[0], "1", 1000)
    pay(treated[0], "2", 2000)
    pay(control[0], "3", 500)
    pay(control[1], "4", 500, historical=True)
    assert results().treated.over == 0
    time.pass_by(days=30)
    pay(control[2], "5", 500)
    found = results()
    assert (found.treated.over, found.held.over) == (len(treated), len(control))
    told = found.comparison
    assert (told.treated.reached, told.treated.money, told.treated.squares) == (1, 3000, 9_000_000)
    assert (told.held.reached, told.held.money) == (1, 500)
    assert told.finding == Finding.TOO_FEW


def test_who_came_later_has_a_time_of_their_own_and_who_unsubscribed_stays(time: Time) -> None:
    save_control_group(50, days=30, smallest_effect=20)
    treated, control = sides()
    withdraw_consent(treated[0].pk, "email", newsletter().key, via="unsubscribe")
    time.pass_by(days=20)
    late = make_reader(50)
    time.pass_by(days=10)
    found = results()
    assert found.treated.over + found.held.over == len(treated) + len(control)
    assert found.treated.entered + found.held.entered == len(treated) + len(control) + 1
    assert found.treated.over == len(treated)
    assert {found.treated.weekly, found.held.weekly} == {0, 0.25}
    time.pass_by(days=20)
    assert results().treated.over + results().held.over == len(treated) + len(control) + 1
    assert late.pk


def test_merged_people_are_one(time: Time) -> None:
    save_control_group(50, days=30, smallest_effect=20)
    kept, gone = make_reader(1), make_reader(2)
    time.pass_by(days=1)
    pay(gone, "1", 100)
    merge_contacts(kept.pk, gone.pk)
    time.pass_by(days=30)
    found = results()
    assert found.treated.over + found.held.over == 1
    assert found.comparison.treated.money + found.comparison.held.money == 100


def test_the_control_group_of_a_large_shop_is_counted_by_a_job_and_one_of_another_share_anew(
    time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "MOST_AT_ONCE", 0)  # every shop is large
    buyer = make_reader(1)
    browser, url = client_of(owner()), "/admin/sending-rules/control-group/"
    assert control_counts(stored_group()) is None
    assert "Refresh" not in browser.get(url)
    save_control_group(50, days=7, smallest_effect=20)
    time.pass_by(seconds=1)
    pay(buyer, "1", 2000)
    time.pass_by(days=8)
    for _again in range(2):
        page = browser.get(url)
        assert page["Refresh"] == "3"
        assert b"done in the background" in page.content
    assert count_all() == 1
    page = browser.get(url)
    assert "Refresh" not in page
    assert "Figures as of 30 November 2026, 10:00<" in page.content.decode()
    found = control_counts(stored_group())
    assert found is not None
    assert found.answer == count_control(START, 50, 7)
    assert found.answer is not None
    assert found.answer.treated_group.money + found.answer.held_group.money == 2000
    forget_jobs()
    save_control_group(10, days=7, smallest_effect=20)
    assert browser.get(url)["Refresh"] == "3"
    count_all()
    forget_jobs()
    count_ahead()
    # With the whole shop, its day and the day before, and whom the mechanisms concern.
    assert count_all() == 6
