"""The screens of ready-made journeys: what there is, and one made the shop's own."""

from __future__ import annotations

import pytest

from jouren.contacts.models import Topic
from jouren.inbox.models import Survey
from jouren.journeys.models import Journey
from jouren.messaging.models import Message
from tests.backoffice import owner_client
from tests.walking import newsletter

pytestmark = pytest.mark.django_db
URL = "/admin/journeys/ready/"
DAYS = {"day_0": "5", "day_1": "12", "day_2": "30", "day_3": "40"}


def test_cards_tell_what_each_sends_and_on_which_day_in_both_languages() -> None:
    browser = owner_client()
    page = browser.get(URL, {"language": "ja"}).content.decode()
    for text in ("購入後フォロー（通販の流れ）", "六つの壁 6 効果", "day 7", "at once"):
        assert text in page
    assert "Mail order 5 The subscription" in browser.get(URL, {"language": "en"}).content.decode()
    assert URL in browser.get("/admin/journeys/").content.decode()
    assert browser.get(f"{URL}nothing/ja/").status_code == browser.get(f"{URL}win-back/fr/").status_code == 404


def test_make_it_mine_makes_drafts_with_what_was_chosen_and_opens_the_journey() -> None:
    newsletter()
    browser = owner_client()
    chosen = {"topic": "newsletter", "per": "person", "purchase": "trial", "survey": "+new", **DAYS, "text_0": "煎茶"}
    answer = browser.post(f"{URL}large-mail-order/ja/", chosen)
    journey = Journey.objects.get()
    assert answer["Location"] == f"/admin/journeys/edit/{journey.pk}/"
    assert browser.get(answer["Location"]).status_code == 200
    assert (journey.live, journey.reentry, journey.key) == (False, "once", "")
    assert [step.value["day"] for step in journey.steps if step.block_type == "wait_until"] == [5, 12, 30, 40]
    assert "煎茶" in str(Message.objects.get(name="通販 1 お礼").bodies.get_prep_value())
    asked = Message.objects.get(name="通販 2 お困りのことはありませんか").bodies.get_prep_value()
    assert str(Survey.objects.get().pk) in str(asked)
    assert not Message.objects.filter(purpose="", live=True).exists()


def test_days_that_go_back_are_told_and_nothing_is_made() -> None:
    newsletter()
    chosen = {"topic": "newsletter", "per": "order", "survey": "", **DAYS, "day_1": "5"}
    answer = owner_client().post(f"{URL}large-mail-order/en/", chosen)
    assert answer.status_code == 400
    assert "Each message needs a later day" in answer.content.decode()
    assert not Journey.objects.exists()


def test_the_address_of_a_page_has_to_be_one() -> None:
    newsletter()
    browser = owner_client()
    form = browser.get(f"{URL}win-back/en/").context["form"]
    (address,) = [field for field in form.places if field.label == "address of the page"]
    assert "https://" in address.help_text
    days = {field.html_name: field.initial for field in form.days}
    chosen = {"topic": "newsletter", **days, address.html_name: "anything"}
    refused = browser.post(f"{URL}win-back/en/", chosen)
    assert (refused.status_code, list(refused.context["form"].errors)) == (400, [address.html_name])
    assert not Journey.objects.exists()
    made = browser.post(f"{URL}win-back/en/", chosen | {address.html_name: "https://shop.example/tea"})
    assert made.status_code == 302
    assert "https://shop.example/tea" in str(Message.objects.get(name__startswith="Win-back 4").bodies.get_prep_value())


def test_without_a_topic_the_screen_says_what_to_do_first() -> None:
    Topic.objects.all().delete()
    assert "Add a topic" in owner_client().get(f"{URL}small-company/en/").content.decode()
