"""What an author sees of broadcasts and does with them, over HTTP."""

from __future__ import annotations

import json
import re
from datetime import date
from datetime import time as clock_time
from typing import Any

import pytest
from django.test import Client
from django.utils.formats import date_format
from django.utils.timezone import localtime

from jouren.backoffice.broadcasts import editing
from jouren.broadcasts.actions import Wording, change_broadcast, choose_version
from jouren.broadcasts.checking import find_problems
from jouren.broadcasts.errors import WrongState
from jouren.broadcasts.models import Broadcast, Issue
from jouren.broadcasts.vocabulary import BroadcastState, Stage
from jouren.conditions.errors import TooManyToCount
from jouren.contacts.actions import suppress, withdraw_consent
from jouren.core import clock
from jouren.messaging.models import Delivery
from jouren.messaging.sending_rules.actions import save_rules
from jouren.messaging.sending_rules.terms import Action, Readiness, Rules
from tests.backoffice import owner_client, staff_client
from tests.broadcasting import deliver_all, draft_broadcast, issue_of, planned_for, readers, started, work
from tests.messages import published, reader
from tests.walking import Time

pytestmark = pytest.mark.django_db

WHEN = {"timing": "now", "month_days": ""}
MORE = {"test_percent": "20", "wait_hours": "4", "metric": "click", "fallback": "first"}


@pytest.fixture
def browser() -> Client:
    return owner_client()


def text_of(answer: Any) -> str:
    return str(answer.content.decode())


def test_an_author_makes_one_step_by_step_and_sends_it(browser: Client, time: Time) -> None:
    people = readers(3)
    message_id = published().message_id
    made = browser.post("/admin/broadcasts/", {"name": "11月号"})
    broadcast = Broadcast.objects.get()
    edit = f"/admin/broadcasts/{broadcast.pk}/edit"
    assert made["Location"] == f"{edit}/what/"
    assert browser.get(made["Location"]).status_code == 200
    answer = browser.post(f"{edit}/what/", {"name": "11月号", "message_0": message_id})
    assert answer["Location"] == f"{edit}/whom/"
    assert "Can be written to" in text_of(browser.get(f"{edit}/whom/"))
    condition = json.dumps({"all": [{"fact": "contact.language", "op": "eq", "value": "ja"}]})
    assert browser.post(f"{edit}/whom/", {"audience": condition})["Location"] == f"{edit}/when/"
    assert browser.post(f"{edit}/when/", WHEN)["Location"] == f"{edit}/more/"
    assert browser.post(f"{edit}/more/", MORE)["Location"] == f"/admin/broadcasts/{broadcast.pk}/confirm/"
    page = text_of(browser.get(f"/admin/broadcasts/{broadcast.pk}/confirm/"))
    assert "It would go to 3 people" in page
    assert "Send it to 3 people now" in page
    assert not Issue.objects.exists()
    sent = browser.post(f"/admin/broadcasts/{broadcast.pk}/confirm/")
    assert sent["Location"] == f"/admin/broadcasts/{broadcast.pk}/"
    work()
    assert planned_for(broadcast) == [each.pk for each in people]
    shown = text_of(browser.get(sent["Location"]))
    assert "Sending the last ones: 3 of 3 people" in shown


def test_a_test_with_a_rest_by_each_persons_clock_is_refused_with_what_to_do_instead(time: Time) -> None:
    message_id = published().message_id
    wordings = (Wording(message_id), Wording(message_id, "別の件名"))
    draft = draft_broadcast(
        *wordings, timing="once", day=date(2026, 12, 24), at=clock_time(9), is_local=True, test_percent=50
    )
    browser = owner_client()
    page = text_of(browser.get(f"/admin/broadcasts/{draft.pk}/confirm/", headers={"accept-language": "ja"}))
    assert "テストの割合を100%にするか、お店の時刻で送ってください。" in page
    change_broadcast(draft.pk, test_percent=100)
    assert not find_problems(Broadcast.objects.get(), clock.now())


def test_the_last_page_says_whom_it_does_not_reach_and_why(browser: Client, time: Time) -> None:
    readers(2)
    reader("never@example.jp", agrees=False)
    withdraw_consent(reader("gone@example.jp").pk, "email", "newsletter", via="link")
    suppress(reader("stopped@example.jp").pk, "manual")
    save_rules(Rules(readiness=Readiness(1, Action.SKIP)))
    broadcast = draft_broadcast(version=published(kind="ask", stage=3))
    page = text_of(browser.get(f"/admin/broadcasts/{broadcast.pk}/confirm/"))
    assert "It would go to 0 people" in page
    assert "1 person never agreed to this topic." in page
    assert "1 person unsubscribed from it." in page
    assert "1 person gets no messages any more." in page
    assert "2 people: A sending rule kept it back" in page
    assert not Delivery.objects.exists()


def test_it_can_be_sent_also_when_there_are_too_many_to_count(
    browser: Client, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    readers(1)
    broadcast = draft_broadcast()
    monkeypatch.setattr(editing, "forecast", _too_many)
    for step in ("confirm", "edit/whom"):
        page = text_of(browser.get(f"/admin/broadcasts/{broadcast.pk}/{step}/"))
        assert ("could not be counted while you wait" in page) is (step == "confirm")
    browser.post(f"/admin/broadcasts/{broadcast.pk}/confirm/")
    work()
    assert len(planned_for(broadcast)) == 1


def _too_many(*_arguments: Any) -> None:
    raise TooManyToCount


def test_what_is_missing_is_said_with_the_step_to_mend_it(browser: Client, time: Time) -> None:
    broadcast = draft_broadcast(timing="once")
    page = text_of(browser.get(f"/admin/broadcasts/{broadcast.pk}/confirm/"))
    assert "Choose the day." in page
    assert "disabled" in page
    browser.post(f"/admin/broadcasts/{broadcast.pk}/confirm/")
    broadcast.refresh_from_db()
    assert broadcast.state == BroadcastState.DRAFT


@pytest.mark.parametrize(
    ("step", "data", "said"),
    [
        ("what", {"name": ""}, "This field is required."),
        ("what", {"name": "x", "message_0": "SAME", "subject_0": "{{ contact.age }}"}, "Unknown variable"),
        ("what", {"name": "x", "message_0": "SAME", "subject_0": "{{ contact.name"}, "The template has a mistake"),
        ("what", {"name": "x", "subject_1": "B"}, "Choose the message of version A first."),
        ("when", {**WHEN, "timing": "once", "day": "2026-02-30"}, "Enter a valid date."),
        ("when", {**WHEN, "month_days": "1, 32"}, "Write numbers from 1 to 31"),
        ("when", {**WHEN, "per_hour": "0"}, "greater than or equal to 1"),
        ("more", {**MORE, "test_percent": "101"}, "less than or equal to 100"),
        ("more", {**MORE, "again_on": "on", "again_hours": "24"}, "The second sending needs a subject of its own."),
    ],
)
def test_bad_entries_are_refused_where_they_are_typed_and_nothing_is_stored(
    browser: Client, time: Time, step: str, data: dict[str, str], said: str
) -> None:
    version = published()
    broadcast = draft_broadcast(version=version)
    filled = {key: str(version.message_id) if value == "SAME" else value for key, value in data.items()}
    before = Broadcast.objects.values().get()
    answer = browser.post(f"/admin/broadcasts/{broadcast.pk}/edit/{step}/", filled)
    assert answer.status_code == 200
    assert said in text_of(answer)
    assert Broadcast.objects.values().get() == before
    assert broadcast.variants.count() == 1


def test_versions_are_kept_and_shown_again(browser: Client, time: Time) -> None:
    version = published()
    broadcast = draft_broadcast(version=version)
    data = {"name": "x", "message_0": version.message_id, "subject_1": "もう一つの件名"}
    browser.post(f"/admin/broadcasts/{broadcast.pk}/edit/what/", data)
    assert [(each.place, each.subject) for each in broadcast.variants.all()] == [(0, ""), (1, "もう一つの件名")]
    page = text_of(browser.get(f"/admin/broadcasts/{broadcast.pk}/edit/what/"))
    assert "もう一つの件名" in page


def test_it_is_paused_resumed_and_cancelled_from_its_page(browser: Client, time: Time) -> None:
    readers(1)
    broadcast = started(per_hour=60)
    url = f"/admin/broadcasts/{broadcast.pk}/"
    for verb, is_paused in (("pause", True), ("resume", False)):
        assert browser.post(f"{url}{verb}/")["Location"] == url
        broadcast.refresh_from_db()
        assert broadcast.is_paused is is_paused
        assert browser.get(url).status_code == 200
    browser.post(f"{url}cancel/")
    broadcast.refresh_from_db()
    assert broadcast.state == BroadcastState.CANCELLED
    answer = browser.post(f"{url}pause/", follow=True)
    assert "Only a broadcast under way can be paused." in text_of(answer)


def test_its_progress_says_when_it_is_paused_and_nothing_of_a_version_nobody_got(browser: Client, time: Time) -> None:
    readers(4)
    version = published()
    assert version.message_id is not None
    broadcast = started(Wording(version.message_id), Wording(version.message_id, "別の件名"), test_percent=50)
    work()
    page = text_of(browser.get(f"/admin/broadcasts/{broadcast.pk}/"))
    assert "0 / 0" in page
    assert not re.search(r"%–\d", page.replace(" ", ""))
    assert "Paused:" not in page
    browser.post(f"/admin/broadcasts/{broadcast.pk}/pause/")
    assert re.search(r"Paused: \d of 4 people", text_of(browser.get(f"/admin/broadcasts/{broadcast.pk}/")))


def test_a_draft_without_a_name_is_asked_for_one(browser: Client) -> None:
    answer = browser.post("/admin/broadcasts/", {"name": "  "}, follow=True)
    assert "Give the broadcast a name first." in text_of(answer)
    assert not Broadcast.objects.exists()


def test_a_scheduled_one_becomes_a_draft_again(browser: Client, time: Time) -> None:
    broadcast = started(timing="once", day=time.now.date().replace(day=30))
    browser.post(f"/admin/broadcasts/{broadcast.pk}/recall/")
    broadcast.refresh_from_db()
    assert (broadcast.state, broadcast.next_at) == (BroadcastState.DRAFT, None)


def test_a_draft_is_copied_and_deleted(browser: Client, time: Time) -> None:
    broadcast = draft_broadcast(per_hour=7)
    browser.post(f"/admin/broadcasts/{broadcast.pk}/copy/")
    copy = Broadcast.objects.exclude(pk=broadcast.pk).get()
    assert (copy.per_hour, copy.state, copy.variants.count()) == (7, BroadcastState.DRAFT, 1)
    browser.post(f"/admin/broadcasts/{broadcast.pk}/delete/")
    assert list(Broadcast.objects.all()) == [copy]


def test_preparing_does_not_allow_to_send(time: Time) -> None:
    readers(1)
    broadcast = draft_broadcast()
    rights = [f"broadcasts.{verb}_broadcast" for verb in ("view", "add", "change")]
    colleague = staff_client(*rights)
    page = text_of(colleague.get(f"/admin/broadcasts/{broadcast.pk}/confirm/"))
    assert "You may prepare broadcasts, but not send them." in page
    colleague.post(f"/admin/broadcasts/{broadcast.pk}/confirm/")
    broadcast.refresh_from_db()
    assert broadcast.state == BroadcastState.DRAFT
    viewer = staff_client("broadcasts.view_broadcast")
    assert viewer.get(f"/admin/broadcasts/{broadcast.pk}/").status_code == 200
    for step in ("what", "whom", "when", "more"):
        assert viewer.post(f"/admin/broadcasts/{broadcast.pk}/edit/{step}/", {"name": "x"}).status_code == 302
    broadcast.refresh_from_db()
    assert broadcast.name == "11月号"


def test_the_list_is_by_state_with_figures(browser: Client, time: Time) -> None:
    readers(3)
    draft_broadcast(name="下書きの号")
    started(name="送った号")
    work()
    deliver_all(first_opened_at=time.now, first_clicked_at=time.now)
    time.pass_by(seconds=10)
    work()
    page = text_of(browser.get("/admin/broadcasts/?state=sent"))
    assert "送った号" in page
    assert date_format(localtime(Issue.objects.get().begun_at), "SHORT_DATETIME_FORMAT") in page
    assert "下書きの号" not in page
    assert text_of(browser.get("/admin/broadcasts/?state=draft")).count("送った号") == 0
    for state in ("scheduled", "sending", "paused", "nonsense"):
        assert browser.get(f"/admin/broadcasts/?state={state}").status_code == 200


def test_an_author_is_asked_and_chooses(browser: Client, time: Time) -> None:
    people = readers(20)
    version = published()
    assert version.message_id is not None
    both = (Wording(version.message_id), Wording(version.message_id, "別の件名"))
    broadcast = started(*both, test_percent=50, wait_hours=1, fallback="ask")
    work()
    deliver_all()
    time.pass_by(hours=2)
    work()
    issue = issue_of(broadcast)
    assert issue.stage == Stage.ASKING
    page = text_of(browser.get(f"/admin/broadcasts/{broadcast.pk}/"))
    assert "Not enough data to name a winner." in page
    assert "waits for your choice" in text_of(browser.get("/admin/"))
    browser.post(f"/admin/broadcasts/issues/{issue.pk}/choose/", {"place": "1"})
    work()
    assert planned_for(broadcast) == [each.pk for each in people]
    second = issue.letters.get(place=1).version_id
    assert Delivery.objects.filter(message_version=second).count() > Delivery.objects.count() / 2
    with pytest.raises(WrongState):
        choose_version(issue.pk, 0)


def test_a_version_is_previewed_for_a_real_person(browser: Client, time: Time) -> None:
    reader("hanako@example.jp", family_name="山田", given_name="花子")
    version = published(subject="{{ contact.name }}へ")
    assert version.message_id is not None
    broadcast = draft_broadcast(Wording(version.message_id, "{{ contact.name }}へ 別の件名"))
    answer = browser.post(f"/admin/broadcasts/{broadcast.pk}/try/0/", {"address": "hanako@example.jp", "show": "1"})
    assert "山田 花子 様へ 別の件名" in text_of(answer)
