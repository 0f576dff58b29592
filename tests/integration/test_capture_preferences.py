"""The links at the foot of mails: unsubscribing and choosing, by POST only."""

from __future__ import annotations

import pytest
from django.test import Client

from jouren.capture.models import Form
from jouren.contacts.actions import erase_contact, grant_consent
from jouren.contacts.models import Consent, ConsentRecord, Contact, Suppression, Topic
from jouren.events.queries import events_of
from jouren.messaging.models import Delivery, MessageVersion
from jouren.messaging.tracking import make_token, parse_token
from tests.capture_pages import fill_in, last_confirm_path, make_form, make_page, visitor

pytestmark = pytest.mark.django_db
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def contact() -> Contact:
    """Somebody confirmed, to whom a message about the topic ``news`` went."""
    form: Form = make_form()
    fill_in(visitor(), make_page(form), form)
    visitor().post(last_confirm_path())
    MessageVersion.objects.update(topic="news")
    return Contact.objects.get()


@pytest.fixture
def token(contact: Contact) -> str:
    return make_token(Delivery.objects.get().pk)


def _wants() -> dict[tuple[str, str], bool]:
    return {(consent.channel, consent.topic): consent.is_granted for consent in Consent.objects.all()}


def test_looking_at_the_links_changes_nothing(token: str) -> None:
    for address in (f"/u/{token}", f"/p/{token}"):
        for method in ("get", "head"):
            assert getattr(visitor(), method)(address).status_code == 200
    assert _wants() == {("email", "news"): True}


def test_one_click_unsubscribes_from_the_topic_at_once(contact: Contact, token: str) -> None:
    grant_consent(contact.pk, "email", "campaign", via="form")
    answer = Client(enforce_csrf_checks=True).post(f"/u/{token}", ONE_CLICK)
    assert answer.status_code == 200
    assert _wants() == {("email", "news"): False, ("email", "campaign"): True}
    withdrawn = [event for event in events_of([contact.pk]) if event.type == "consent.withdrawn"]
    told = {"channel": "email", "topic": "news", "via": "unsubscribe", "delivery": parse_token(token)}
    assert [event.payload for event in withdrawn] == [told]
    record = ConsentRecord.objects.filter(is_granted=False).get()
    assert (record.page, token in record.page) == ("/u/", False)


def test_unsubscribing_twice_is_the_same_as_once(contact: Contact, token: str) -> None:
    answers = [visitor("en").post(f"/u/{token}", ONE_CLICK) for _time in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].content == answers[1].content
    assert ConsentRecord.objects.filter(is_granted=False).count() == 1


@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "text/plain"])
def test_mail_programs_may_post_in_any_form(token: str, kind: str) -> None:
    answer = visitor().generic("POST", f"/u/{token}", b"List-Unsubscribe=One-Click", content_type=kind)
    assert answer.status_code == 200
    assert _wants() == {("email", "news"): False}


def test_a_message_without_a_topic_unsubscribes_from_its_whole_channel(contact: Contact, token: str) -> None:
    MessageVersion.objects.update(topic="")
    grant_consent(contact.pk, "line", "news", via="form")
    visitor().post(f"/u/{token}", ONE_CLICK)
    assert _wants() == {("email", "news"): False, ("line", "news"): True}
    suppression = Suppression.objects.get()
    assert (suppression.channel, suppression.reason) == ("email", "unsubscribed")


@pytest.mark.parametrize("token", ["x", "%00", "AAAAAAAAAAAAAAAAAAAA", "%F0%9F%98%80", "a" * 4000])
def test_a_forged_link_is_told_clearly_and_changes_nothing(contact: Contact, token: str) -> None:
    for place in ("u", "p"):
        for answer in (visitor("en").get(f"/{place}/{token}"), visitor("en").post(f"/{place}/{token}", {"stop": 1})):
            assert answer.status_code == 404
            assert "This link does not work" in answer.content.decode()
    assert _wants() == {("email", "news"): True}


def test_a_token_that_was_changed_is_forged(token: str) -> None:
    changed = ("B" if token[0] != "B" else "C") + token[1:]
    assert visitor().post(f"/u/{changed}", ONE_CLICK).status_code == 404
    assert _wants() == {("email", "news"): True}


def test_the_links_of_somebody_erased_end(contact: Contact, token: str) -> None:
    erase_contact(contact.pk)
    assert visitor().post(f"/u/{token}", ONE_CLICK).status_code == 404
    assert visitor().get(f"/p/{token}").status_code == 404


def test_the_page_shows_topics_but_not_the_person(contact: Contact, token: str) -> None:
    Topic.objects.create(key="campaign", name="特典のご案内", is_offered=True)
    Topic.objects.create(key="secret", name="内部用", is_offered=False)
    html = visitor("en").get(f"/p/{token}").content.decode()
    assert "特典のご案内" in html
    assert "内部用" not in html
    assert "h•••@example.jp" in html
    assert "hanako" not in html
    assert "花子" not in html


def test_what_is_ticked_is_granted_and_what_is_not_is_withdrawn(contact: Contact, token: str) -> None:
    Topic.objects.create(key="campaign", name="特典のご案内")
    visitor("en").post(f"/p/{token}", {"save": 1, "want": ["email:campaign", "email:unheard", "fax:news"]})
    assert _wants() == {("email", "news"): False, ("email", "campaign"): True}
    proof = ConsentRecord.objects.get(topic="campaign")
    assert proof.text is not None
    assert (proof.text.text, proof.via) == ("Yes, send me: 特典のご案内", "preferences")
    before = ConsentRecord.objects.count()
    visitor("en").post(f"/p/{token}", {"save": 1, "want": ["email:campaign"]})
    assert ConsentRecord.objects.count() == before


def test_asking_for_nothing_more_stops_everything_until_taken_back(contact: Contact, token: str) -> None:
    answer = visitor("en").post(f"/p/{token}", {"stop": 1})
    assert "send nothing more" in answer.content.decode()
    assert _wants() == {("email", "news"): False}
    suppression = Suppression.objects.get()
    assert (suppression.channel, suppression.reason, suppression.lifted_at) == ("", "unneeded", None)
    visitor("en").post(f"/p/{token}", {"stop": 1})
    assert Suppression.objects.count() == 1
    visitor("en").post(f"/p/{token}", {"again": 1})
    assert not Suppression.objects.filter(lifted_at=None).exists()
    visitor("en").post(f"/p/{token}", {"save": 1, "want": ["email:news"]})
    assert _wants() == {("email", "news"): True}


def test_an_empty_post_changes_nothing(token: str) -> None:
    assert visitor().post(f"/p/{token}").status_code == 200
    assert _wants() == {("email", "news"): True}
