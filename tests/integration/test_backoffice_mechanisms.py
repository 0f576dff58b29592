"""The mechanisms on one screen, their switches and figures, and special treatment, as staff see and change them."""

from __future__ import annotations

import json

import pytest
from wagtail.models import ModelLogEntry

from jouren.inbox.actions import record_answer
from jouren.inbox.models import Survey
from jouren.inbox.policies import Given
from jouren.mechanisms.models import Task, TaskKind
from jouren.mechanisms.queries import stored_rules
from jouren.peace.queries import stored_rule
from jouren.pyramid.models import PyramidRule
from jouren.reports import kept
from tests.backoffice import owner_client, staff_client
from tests.counting import count_all
from tests.messages import reader
from tests.offering import make_offer
from tests.reacting import react_to_all
from tests.surveying import make_survey
from tests.walking import Time, buy

pytestmark = pytest.mark.django_db
HOME = "/admin/mechanisms/"
REGULARS = {
    "likely_is_enabled": "on",
    "likely_purchases": "1",
    "likely_days": "90",
    "likely_bar": "above",
    "good_amount": "50000",
}
LAPSES = {
    "lapse_is_enabled": "on",
    "lapse_times": "3",
    "lapse_days": "90",
    "winback_messages": "2",
    "winback_days": "7",
}


def _likely_person(name: str = "hana", survey: Survey | None = None) -> int:
    person = reader(f"{name}@example.jp", family_name=name.title())
    buy(person, "1")
    record_answer(survey or make_survey(), person.pk, Given("above"))
    react_to_all()
    return person.pk


def test_all_rules_are_read_in_words_in_their_order_and_switched(time: Time) -> None:
    browser = owner_client()
    shown = browser.get(HOME).content.decode()
    places = [
        shown.index(text)
        for text in (
            "Who registered and confirmed their address becomes “Prospect”.",
            "Who had agreed to mail, as an imported list says, becomes “Prospect”.",
            "Who bought a trial once becomes “Trial”.",
            "Who stands no higher than “Prospect”, got 5 invitations and has not bought 14 days after the last",
            "Who bought at the regular price once becomes “Existing”.",
            "gets no more promotion, at once.",
            "Who bought at the regular price 3 times becomes “Regular”.",
            "Who bought for ¥100,000 or more at the regular price within a year becomes “Regular”.",
            "at least 2 times, the last time within 180 days, and said last “As expected, or better”",
            "Done for them by hand: 手書きの手紙を書く, 先行案内をする, 担当者を決める.",
            "for 2 times as long as what they bought lasts has lapsed; where nobody knows how long it lasts, after 180",
            "Who lapsed, got 3 invitations since then and has not bought 14 days after",
        )
    ]
    assert places == sorted(places)
    rule = PyramidRule.objects.get(stage=3)
    for key, on in ((f"rule-{rule.pk}", "0"), ("peace", "0"), ("dissatisfied", "0"), ("good", "1"), ("likely", "0")):
        assert browser.post(f"{HOME}switch/", {"key": key, "on": on})["Location"] == HOME
    rule.refresh_from_db()
    rules, peace = stored_rules(), stored_rule()
    assert (rule.is_enabled, peace.is_enabled, peace.leaves_dissatisfied) == (False, False, False)
    assert (rules.good_is_enabled, rules.likely_is_enabled) == (True, False)
    assert ModelLogEntry.objects.filter(action="mechanisms.switch").count() == 1
    for key in ("", "nothing", "rule-0", "rule-x", f"rule-{10**30}"):
        assert browser.post(f"{HOME}switch/", {"key": key, "on": "1"}).status_code == 404


def test_who_may_only_look_switches_and_changes_nothing(time: Time) -> None:
    viewer = staff_client("mechanisms.view_mechanismrules")
    assert b"Switch off" not in viewer.get(HOME).content
    for key in ("likely", "peace", f"rule-{PyramidRule.objects.all()[0].pk}"):
        assert viewer.post(f"{HOME}switch/", {"key": key, "on": "0"})["Location"] == "/admin/"
    for screen, fields in (("regulars", REGULARS), ("lapses", LAPSES)):
        assert viewer.post(f"{HOME}{screen}/", fields | {"save": "1"})["Location"] == "/admin/"
    assert stored_rules().likely_is_enabled
    _likely_person()
    assert b"Hana" not in viewer.get(f"{HOME}regulars/").content


def test_the_finest_is_no_offer_for_the_satisfied(time: Time) -> None:
    browser = owner_client()
    make_offer("Finest", needs_satisfaction=True, is_finest=True)
    assert "There is no open offer for the satisfied yet." in browser.get(HOME).content.decode()
    make_offer("Regular", needs_satisfaction=True)
    assert "Open offers for the satisfied: 1." in browser.get(HOME).content.decode()


def test_likely_regulars_are_shown_beforehand_and_saved(time: Time) -> None:
    browser = owner_client()
    _likely_person()
    shown = browser.post(f"{HOME}regulars/", REGULARS | {"show": "1"}).content.decode()
    for told in ("Not saved yet", "1 person is a likely regular.", "Hana", "100.0"):
        assert told in shown, told
    assert "These are not very few any more" not in shown
    survey = Survey.objects.get()
    for name in ("taro", "jiro", "saburo"):
        _likely_person(name, survey)
    shown = browser.post(f"{HOME}regulars/", REGULARS | {"show": "1"}).content.decode()
    assert "These are not very few any more" in shown
    assert stored_rules().likely_purchases == 2
    wrong = browser.post(f"{HOME}regulars/", REGULARS | {"likely_purchases": "0", "likely_bar": "x", "save": "1"})
    assert set(wrong.context["form"].errors) == {"likely_purchases", "likely_bar"}
    browser.post(f"{HOME}regulars/", REGULARS | {"save": "1"})
    rules = stored_rules()
    assert (rules.likely_purchases, rules.likely_bar, rules.good_amount) == (1, "above", 50_000)
    changes = json.loads(json.dumps(ModelLogEntry.objects.get(action="mechanisms.change_rules").data))["changes"]
    assert changes["likely_days"] == [180, 90]


def test_lapses_are_shown_beforehand_and_saved(time: Time) -> None:
    browser = owner_client()
    _likely_person()
    time.pass_by(days=91)
    shown = browser.post(f"{HOME}lapses/", LAPSES | {"show": "1"}).content.decode()
    for told in ("1 more person would be marked now.", "Hana", "Whoever has not bought for 90 days has lapsed."):
        assert told in shown, told
    browser.post(f"{HOME}lapses/", LAPSES | {"save": "1"})
    rules = stored_rules()
    assert (rules.lapse_days, rules.lapse_by_product, rules.winback_is_enabled) == (90, False, False)


def test_in_a_large_shop_they_are_counted_by_a_job_and_shown_as_of_then(
    time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "MOST_AT_ONCE", 0)
    browser = owner_client()
    _likely_person()
    time.pass_by(days=91)
    for path, data in ((HOME, None), (f"{HOME}lapses/", LAPSES | {"show": "1"})):
        before = browser.post(path, data) if data else browser.get(path)
        assert "There is much to count here" in before.content.decode()
        assert before.get("Refresh") == (None if data else "3")
        count_all()
        after = browser.post(path, data) if data else browser.get(path)
        assert "Figures as of" in after.content.decode()
        assert after.get("Refresh") is None
    told = after.content.decode()
    assert "1 more person would be marked now." in told and "Hana" in told
    assert "1 person more will be marked tonight." not in browser.get(HOME).content.decode()  # by 180 days, not by 90


def test_special_treatment_is_taken_on_and_seen_to(time: Time) -> None:
    browser = owner_client()
    pk = _likely_person()
    buy(reader("hana@example.jp"), "2")
    react_to_all()
    letter, first = Task.objects.order_by("pk")
    shown = browser.get(f"{HOME}tasks/").content.decode()
    assert shown.count("Nobody has taken it on yet.") == 2
    browser.post(f"{HOME}tasks/{letter.pk}/take/")
    assert "owner@example.jp has taken it on." in browser.get(f"{HOME}tasks/").content.decode()
    browser.post(f"{HOME}tasks/{letter.pk}/finish/", {"outcome": "done", "note": "<b>Sent</b>"})
    browser.post(f"{HOME}tasks/{first.pk}/finish/", {"outcome": "nothing"})
    assert list(Task.objects.order_by("pk").values_list("state", flat=True)) == ["done", "open"]
    assert "&lt;b&gt;Sent" in browser.get(f"{HOME}tasks/done/").content.decode()
    page = browser.get(f"/admin/people/{letter.contact.public_id}/").content.decode()
    for told in ("Likely to become a regular", "手書きの手紙を書く", "&lt;b&gt;Sent", "Special treatment seen to"):
        assert told in page, told
    assert browser.post(f"{HOME}tasks/999/finish/", {"outcome": "done"}).status_code == 404
    added = {"name": "Tea with the owner", "occasion": "regular", "position": "3", "is_enabled": "on"}
    browser.post("/admin/taskkind/new/", added)
    assert TaskKind.objects.filter(name="Tea with the owner", occasion="regular").exists()
    assert letter.contact_id == pk
