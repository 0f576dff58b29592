"""What became of messages on a day, one by one: exactly as many as the first screen counts."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from django.test import Client

from jouren.contacts.actions import suppress
from jouren.contacts.actions.erasure import erase_contact
from jouren.core import clock
from jouren.events.actions import NewEvent, record_events
from jouren.messaging.actions import plan_deliveries
from jouren.messaging.models import MessageVersion
from jouren.reports import kept
from tests.backoffice import owner_client, staff_client
from tests.counting import count_all
from tests.messages import planned, published, reader

pytestmark = pytest.mark.django_db
URL = "/admin/messages/outcomes/"
NOON = datetime(2026, 5, 20, 3, tzinfo=UTC)  # noon in Tokyo


@pytest.fixture(autouse=True)
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOON)


def links(page: str) -> dict[str, tuple[str, int]]:
    """Where the counts of today's work lead, and what they are, by line and by reason."""
    pairs = re.findall(r'<a href="([^"]*outcomes/[^"]*)">([^<]+)</a> (?:<strong[^>]*>|<span>)([\d,]+)<', page)
    return {label: (unescape(url), int(count.replace(",", ""))) for url, label, count in pairs}


def listed(browser: Client, url: str) -> tuple[str, int]:
    """A list with all its pages, and how many rows they have."""
    rows, text = 0, ""
    while url:
        page = browser.get(url).content.decode()
        text += page
        rows += page.count("<tr data-outcome")
        after = re.search(r'href="(\?[^"]*before=[^"]+)"', page)
        url = URL + unescape(after[1]) if after else ""
    return text, rows


def tell(kind: str, number: int, version: MessageVersion, **payload: str) -> None:
    """So many messages met with this, one a minute before now."""
    people = [reader(f"{kind}{each}@example.jp") for each in range(number)]
    record_events(
        [
            NewEvent(
                f"message.{kind}",
                person.pk,
                {"delivery": 10**9 + person.pk, "message": version.message_id, "title": version.name, **payload},
                NOON - timedelta(minutes=place // 3),  # several of one moment, as a round of sending writes them
            )
            for place, person in enumerate(people)
        ]
    )


def test_the_first_screens_counts_lead_to_lists_of_exactly_as_many() -> None:
    version = published()
    tell("sent", 53, version, channel="email")
    tell("failed", 2, version, reason="550 no such user")
    tell("unknown", 1, version)
    tell("withheld", 2, version, reason="cap:any:2:day:1:1")
    for number in range(3):
        person = reader(f"gone{number}@example.jp")
        suppress(person.pk, "unsubscribed")
        plan_deliveries([planned(version, person)], NOON)
    browser = owner_client()
    counts = links(browser.get("/admin/").content.decode())
    assert {label: count for label, (_url, count) in counts.items()} == {
        "Messages sent": 53,
        "Not sent, for a reason": 5,
        "Failed": 3,
        "They unsubscribed": 3,
        "They had got as many messages as the sending rules allow": 2,
    }
    for url, count in counts.values():
        text, rows = listed(browser, url)
        assert rows == count
        assert re.findall(r'aria-current="page">[^<]*<span class="jouren-count" data-count>(\d+)<', text)
    text, rows = listed(browser, f"{URL}?day=2026-05-20")
    assert rows == 61
    assert re.search(r"All <span[^>]*>61<", text)


def test_a_row_tells_who_what_by_what_and_why() -> None:
    version, person = published(), reader("a@example.jp", family_name="Sato")
    suppress(person.pk, "unsubscribed")
    plan_deliveries([planned(version, person)], NOON)
    page = owner_client().get(f"{URL}?result=not-sent").content.decode()
    assert f'href="/admin/people/{person.public_id}/"' in page
    assert "Sato" in page
    assert f'href="/admin/messages/inspect/{version.message_id}/"' in page
    assert "Broadcast" in page
    assert "They unsubscribed." in page
    assert "Respect it." in page
    assert "a@example.jp" not in page
    assert '<option value="suppressed:unsubscribed">They unsubscribed (1)</option>' in page


def test_somebody_erased_has_no_name_there() -> None:
    version, person = published(), reader("a@example.jp", family_name="Sato")
    tell("sent", 1, version, channel="email")
    suppress(person.pk, "unsubscribed")
    plan_deliveries([planned(version, person)], NOON)
    erase_contact(person.pk)
    page = owner_client().get(URL).content.decode()
    assert "Erased" in page
    assert "Sato" not in page
    assert str(person.public_id) not in page


def test_another_day_has_its_own_and_an_empty_one_says_so() -> None:
    version = published()
    tell("sent", 2, version, channel="email")
    browser = owner_client()
    assert "No message went out" in browser.get(f"{URL}?day=2026-05-19").content.decode()
    assert "Nothing failed on this day." in browser.get(f"{URL}?result=failed").content.decode()
    page = browser.get(f"{URL}?result=not-sent&reason=<b>").content.decode()
    assert "Nothing was kept back for this reason on this day." in page
    assert "<b>" not in page
    # The day of the shop, not of UTC: 23:00 of the 20th in UTC is the 21st in Tokyo.
    record_events([NewEvent("message.sent", 1, {"delivery": 1, "channel": "email"}, NOON - timedelta(hours=13))])
    assert listed(browser, f"{URL}?day=2026-05-19")[1] == 1


def test_what_makes_no_sense_is_refused() -> None:
    browser = owner_client()
    assert browser.get(f"{URL}?result=lost").status_code == 404
    for day in ("2026-05-21", "1066-10-14"):
        assert "Choose a day between 2000 and today." in browser.get(f"{URL}?day={day}").content.decode()
    for asked in ("day=yesterday", "before=x", "before=2026-05-20_1", "reason=%00", "day=&result="):
        assert browser.get(f"{URL}?{asked}").status_code == 200


def test_whoever_may_not_see_people_is_led_to_the_messages() -> None:
    viewer = staff_client("messaging.view_message")
    page = viewer.get("/admin/").content.decode()
    assert links(page) == {}
    assert '<a href="/admin/messages/">Messages sent</a>' in page
    assert viewer.get(URL).status_code == 302


def test_a_large_shops_list_is_there_while_its_counts_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MOST_AT_ONCE", 0)
    tell("sent", 2, published(), channel="email")
    browser = owner_client()
    for day in ("2026-05-20", "2026-05-19"):
        answer = browser.get(f"{URL}?day={day}")
        assert answer["Refresh"] == "3"
        assert "data-count" not in answer.content.decode()
        count_all()
        assert re.search(r"All <span[^>]*>[20]<", browser.get(f"{URL}?day={day}").content.decode())


def test_a_page_costs_as_many_queries_however_many_rows(django_assert_max_num_queries: object) -> None:
    version = published()
    tell("sent", 40, version, channel="email")
    browser = owner_client()
    browser.get(URL)
    with django_assert_max_num_queries(30):  # type: ignore[operator]
        browser.get(URL)
