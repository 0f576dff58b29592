"""The first screen: the pyramid, what moved, what needs attention, what to do first."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from jouren.contacts.actions import suppress
from jouren.core import clock
from jouren.events.models import ParkedEvent
from jouren.journeys.models import Journey
from jouren.messaging.actions import plan_deliveries
from jouren.pyramid.actions import Move, change_stage, move_contacts
from jouren.pyramid.stages import Stage
from tests.backoffice import make_person, owner_client, staff_client
from tests.capture_pages import make_form, make_page
from tests.messages import planned, published, reader

pytestmark = pytest.mark.django_db


def home(browser: Client | None = None) -> str:
    answer = (browser or owner_client()).get("/admin/")
    assert answer.status_code == 200
    return str(answer.content.decode())


def level(page: str, key: str) -> tuple[str, int]:
    """Where a stage of the drawn pyramid leads, and its people."""
    found = re.search(rf'jouren-pyramid__level--{key}".*?href="([^"]+)".*?<strong>([\d,]+)</strong>', page, re.DOTALL)
    assert found, key
    return found[1], int(found[2].replace(",", ""))


def row(page: str, title: str) -> list[str]:
    """The two numbers beside a title in the table of changes."""
    found = re.search(rf"<th scope=\"row\">{title}</th><td>([^<]+)</td><td>([^<]+)</td>", page)
    assert found, title
    return [found[1], found[2]]


def test_the_pyramid_shows_the_people_of_each_stage_and_leads_to_them() -> None:
    for number, stage in enumerate((1, 2, 2, 2, 3, 5)):
        person = make_person(number)
        if stage > 1:
            change_stage(person.pk, stage)
    page = home()
    assert level(page, "regular") == ("/admin/people/stage/regular/", 1)
    assert level(page, "existing") == ("/admin/people/stage/existing/", 0)
    assert level(page, "trial") == ("/admin/people/stage/trial/", 1)
    assert level(page, "prospect") == ("/admin/people/stage/prospect/", 3)
    assert level(page, "aware") == ("/admin/people/stage/aware/", 1)


def test_what_changed_counts_seven_and_thirty_days() -> None:
    now = clock.now()
    for number, days in enumerate((1, 6, 10, 29, 40)):
        person = make_person(number)
        move_contacts([Move(person.pk, Stage.PROSPECT, "registered", now - timedelta(days=days))])
    fallen = make_person(9)
    change_stage(fallen.pk, Stage.TRIAL)
    change_stage(fallen.pk, Stage.PROSPECT)
    page = home()
    assert row(page, "Came up to Prospect") == ["3", "5"]
    assert row(page, "Came up to Trial") == ["1", "1"]
    assert row(page, "Came up to Regular") == ["0", "0"]


def test_what_was_withheld_is_counted() -> None:
    version, person = published(), reader("a@example.jp")
    suppress(person.pk, "unsubscribed")
    plan_deliveries([planned(version, person)], clock.now())
    plan_deliveries([planned(version, person, occurrence=1)], clock.now() - timedelta(days=10))
    page = home()
    assert row(page, "Messages withheld or failed") == ["1", "2"]
    assert row(page, "Messages sent") == ["0", "0"]


def test_an_empty_shop_is_told_what_to_do_first_in_order() -> None:
    page = home()
    steps = ["Say who you are", "Make a form", "Make a page with the form on it", "Write a message", "Make a journey"]
    places = [page.index(step) for step in steps]
    assert places == sorted(places)
    assert "0 of 5 done" in page
    assert "Nobody has come yet." in page


def test_what_is_done_is_struck_out_and_all_of_it_goes() -> None:
    version = published()
    make_page(make_form())
    browser = owner_client()
    page = home(browser)
    assert "4 of 5 done" in page
    assert "<s>Write a message</s>" in page
    assert "<s>Make a journey</s>" not in page
    journey = Journey(name="Welcome")
    journey.trigger = stream("trigger", "event", {"event": "order.paid"})
    journey.steps = stream("steps", "send", {"message": version.message_id})
    journey.save()
    journey.save_revision().publish()
    page = home(browser)
    assert "What to do first" not in page


def stream(field: str, kind: str, value: dict[str, Any]) -> Any:
    block: Any = Journey._meta.get_field(field)
    return block.stream_block.to_python([{"type": kind, "value": value, "id": str(uuid.uuid4())}])


def test_a_missing_worker_is_told_and_one_that_beats_is_not() -> None:
    assert "No worker is running" in home()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO core_worker (id, host, pid, started_at, seen_at) "
            "VALUES (gen_random_uuid(), 'h', 1, clock_timestamp(), clock_timestamp())"
        )
    client = staff_client()
    assert b"No worker is running" not in client.get("/admin/").content


def test_parked_events_are_told_to_whoever_may_see_them() -> None:
    now = clock.now()
    for event_id, contact_id in ((1, 1), (2, 1), (3, 2)):
        ParkedEvent.objects.create(
            event_id=event_id, recorded_at=now, contact_id=contact_id, type="t", reaction="r", error="e", parked_at=now
        )
    assert "Events of 2 people are parked" in home()
    assert b"are parked" not in staff_client().get("/admin/").content


def test_whoever_may_not_see_people_sees_no_numbers() -> None:
    page = staff_client().get("/admin/").content.decode()
    assert "You may not see the shop's customers." in page
    assert "jouren-pyramid" not in page


def test_the_first_screen_costs_a_bounded_number_of_queries(django_assert_max_num_queries: Any) -> None:
    for number in range(10):
        change_stage(make_person(number).pk, Stage.PROSPECT)
    browser = owner_client()
    browser.get("/admin/")
    with django_assert_max_num_queries(30):
        browser.get("/admin/")
