"""The first screen: the pyramid, what moved, what needs attention, what to do first."""

from __future__ import annotations

import json
import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from jouren.capture.models import Visitor
from jouren.catalog.actions import save_product
from jouren.catalog.models import Product
from jouren.contacts.actions import suppress
from jouren.core import clock
from jouren.core.models import SkippedStep
from jouren.events.models import ParkedEvent
from jouren.journeys.models import Journey
from jouren.messaging.actions import plan_deliveries
from jouren.orders.telling import tell_orders
from jouren.pyramid.actions import Move, change_stage, move_contacts
from jouren.pyramid.stages import Stage
from jouren.reports import kept
from tests.backoffice import make_person, owner_client, staff_client
from tests.capture_pages import make_form, make_page
from tests.counting import count_all
from tests.messages import planned, published, reader
from tests.offering import make_offer
from tests.reacting import react_to_all
from tests.telling import NOON, told

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


def beside(page: str, key: str) -> str:
    """What stands beside a stage of the drawn pyramid."""
    found = re.search(rf'jouren-pyramid__level--{key}".*?__facts">(.*?)</div>', page, re.DOTALL)
    assert found, key
    return " ".join(re.sub("<[^>]+>", " ", found[1]).split())


def today(page: str, key: str) -> str:
    """A line of today's work."""
    found = re.search(rf'<li data-today="{key}">(.*?)(?:<li data-today|</ul>\s*</section>)', page, re.DOTALL)
    assert found, key
    return " ".join(re.sub("<[^>]+>", " ", found[1]).split())


def number(page: str, key: str) -> str:
    """One of the three numbers."""
    found = re.search(rf'data-number="{key}">.*?<dd>(.*?)<small>', page, re.DOTALL)
    assert found, key
    return " ".join(re.sub("<[^>]+>", " ", found[1]).split())


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


def test_beside_each_stage_stands_who_came_and_left_this_week_and_what_share_rises() -> None:
    now = clock.now()
    for place in range(12):
        person = make_person(place)
        move_contacts([Move(person.pk, Stage.PROSPECT, "registered", now - timedelta(days=100))])
        if place < 3:
            move_contacts([Move(person.pk, Stage.TRIAL, "trial_purchase", now - timedelta(days=95))])
    moved = make_person(20)
    change_stage(moved.pk, Stage.TRIAL)
    change_stage(moved.pk, Stage.PROSPECT)
    page = home()
    assert beside(page, "prospect").startswith("In the last 7 days: +2 came · −1 left")
    # Wilson's interval of 3 in 12: from 8.9 to 53.2 %.
    assert beside(page, "trial") == "In the last 7 days: +1 came · −1 left ↑ 25.0 % of Prospect 3 of 12 · 9–53 %"
    assert beside(page, "existing").endswith("Not enough data yet. 0 of 3")
    assert beside(page, "regular").endswith("Not enough data yet.")
    assert beside(page, "strangers") == "In the last 7 days: +0 came"


def test_unregistered_visitors_are_the_base() -> None:
    now = clock.now()
    for place, days in enumerate((1, 30)):
        seen = now - timedelta(days=days)
        Visitor.objects.create(token_hash=bytes([place] * 32), first_seen=seen, last_seen=seen)
    make_person(1)
    page = home()
    assert re.search(r"Unregistered visitors</span> <strong>2</strong>", page)
    assert beside(page, "strangers") == "In the last 7 days: +1 came"
    assert level(page, "aware")[1] == 1


def test_the_three_numbers_stand_beside_those_of_last_month() -> None:
    for place in range(3):
        change_stage(make_person(place).pk, Stage.PROSPECT)
    tell_orders("shop", [told("paid", days=(clock.now() - NOON) / timedelta(days=1))])
    react_to_all()
    page = home()
    assert number(page, "leads") == "3 last month: 0 (3 more)"
    assert number(page, "first") == "1 last month: 0 (1 more)"
    assert number(page, "repeat") == "0 last month: 0 (as many)"
    assert "Last month is counted up to the same day and hour." in page


def test_each_chart_has_its_data_and_a_table_behind_it() -> None:
    change_stage(make_person().pk, Stage.PROSPECT)
    page = home()
    data = {
        key: json.loads(text) for key, text in re.findall(r'<script id="chart-data-(\w+)"[^>]*>(.*?)</script>', page)
    }
    assert [len(data["weeks"]["labels"]), len(data["months"]["labels"])] == [12, 12]
    assert [series["name"] for series in data["weeks"]["series"]] == ["Prospect", "Trial", "Existing", "Regular"]
    assert data["weeks"]["series"][0]["values"] == [0] * 11 + [1]
    assert data["months"]["series"][0] == {"name": "New leads", "values": [0] * 11 + [1]}
    label = data["weeks"]["labels"][-1]
    assert f'<th scope="row">{label}</th><td>1</td><td>0</td><td>0</td><td>0</td>' in page
    assert "backoffice/charts.js" in page


def test_todays_work_tells_what_was_withheld_and_why() -> None:
    version, person = published(), reader("a@example.jp")
    suppress(person.pk, "unsubscribed")
    plan_deliveries([planned(version, person)], clock.now())
    page = home()
    assert today(page, "sent") == "Messages sent 0"
    assert today(page, "not-sent") == "Not sent, for a reason 1 They unsubscribed 1"
    assert today(page, "failing") == "Failed 0"
    assert today(page, "left") == "People left in peace 0 0 in all"


@pytest.mark.parametrize(
    ("permission", "shown", "hidden"),
    [
        ("contacts.view_contact", ["jouren-pyramid", 'data-number="leads"'], ['data-number="first"', "data-today"]),
        ("orders.view_order", ['data-number="first"', 'data-number="repeat"'], ["__level", 'data-number="leads"']),
        ("messaging.view_message", ['data-today="sent"'], ["parked", 'data-today="left"', "data-number", "__level"]),
        ("peace.view_peacerule", ['data-today="left"'], ['data-today="sent"', "data-number"]),
        ("events.view_parkedevent", ['data-today="parked"'], ['data-today="sent"', 'data-today="left"']),
    ],
)
def test_everybody_sees_what_they_may_see_elsewhere(permission: str, shown: list[str], hidden: list[str]) -> None:
    page = home(staff_client(permission))
    assert [each for each in shown if each not in page] == []
    assert [each for each in hidden if each in page] == []


def test_an_empty_shop_sees_no_empty_charts_but_what_will_be_shown() -> None:
    page = home()
    assert level(page, "regular")[1] == 0
    assert "data-chart=" not in page
    assert "bars tell here for each week" in page
    assert page.index("What to do next") < page.index("People by stage")


def test_a_step_is_put_aside_from_the_screen_and_found_again() -> None:
    browser = owner_client()
    page = home(browser)
    assert "/admin/home/steps/form/skip/" in page
    assert browser.post("/admin/home/steps/form/skip/")["Location"] == "/admin/"
    page = home(browser)
    assert "/admin/home/steps/form/skip/" not in page
    assert "Steps put aside (1)" in " ".join(re.sub("<[^>]+>", " ", page).replace("</summary>", "").split())
    browser.post("/admin/home/steps/form/unskip/")
    assert "/admin/home/steps/form/skip/" in home(browser)
    assert b"There is no such step." in browser.post("/admin/home/steps/nothing/skip/", follow=True).content
    assert not SkippedStep.objects.exists()


def test_who_sets_nothing_up_can_put_nothing_aside() -> None:
    staff = staff_client("contacts.view_contact")
    assert staff.post("/admin/home/steps/form/skip/").status_code == 302
    assert not SkippedStep.objects.exists()
    assert "steps/form/skip" not in home(staff)


def test_advice_comes_from_the_shops_data() -> None:
    change_stage(make_person(1).pk, Stage.PROSPECT)
    browser = owner_client()
    assert "there is no trial offer" in home(browser)
    assert "there is no trial offer" not in home(staff_client("contacts.view_contact"))
    make_offer(product=save_product(Product(name="Trial", role="trial", price=980, tax_rate=8)))
    assert "there is no trial offer" not in home(browser)
    change_stage(make_person(2).pk, Stage.TRIAL)
    assert "nobody asks them how it was" in home(browser)


def test_a_large_shop_is_told_that_its_figures_are_being_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MOST_AT_ONCE", 0)
    change_stage(make_person(1).pk, Stage.PROSPECT)
    browser = owner_client()
    page = home(browser)
    assert "counted for the first time" in page
    assert "__level" not in page
    count_all()
    page = home(browser)
    assert level(page, "prospect")[1] == 1
    assert page.count("Figures as of") == 2


def test_an_empty_shop_is_told_what_to_do_first_in_order() -> None:
    page = home()
    steps = ["Say who you are", "Make a form", "Make a page with the form on it", "Write a message", "Make a journey"]
    places = [page.index(step) for step in steps]
    assert places == sorted(places)
    assert "1 of 14 done" in page
    assert "Nobody has come yet." in page


def test_what_is_done_is_struck_out_and_all_of_it_goes() -> None:
    version = published()
    make_page(make_form())
    browser = owner_client()
    page = home(browser)
    assert "5 of 14 done" in page
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
    assert "Something got stuck for 2 people" in home()
    assert b"got stuck for" not in staff_client().get("/admin/").content


def test_whoever_may_not_see_people_sees_no_numbers() -> None:
    page = staff_client().get("/admin/").content.decode()
    assert "You may not see the shop's customers." in page
    assert "jouren-pyramid" not in page


def test_the_first_screen_costs_a_bounded_number_of_queries(django_assert_max_num_queries: Any) -> None:
    for number in range(10):
        change_stage(make_person(number).pk, Stage.PROSPECT)
    browser = owner_client()
    browser.get("/admin/")
    with django_assert_max_num_queries(42):
        browser.get("/admin/")
