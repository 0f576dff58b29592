"""Journeys that tell a colleague: on their list at once, by mail once an hour at most, whatever a name holds."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core import mail
from django.db import transaction
from wagtail.users.models import UserProfile

from jouren.contacts.actions import create_contact, erase_contact, merge_contacts
from jouren.contacts.models import Contact
from jouren.core import clock
from jouren.core.mailbox import MailUnavailable
from jouren.events.queries import events_of
from jouren.journeys.compiler import JourneyProblem, compile_journey
from jouren.journeys.preview import day_by_day
from jouren.team import mailing
from jouren.team.actions import Telling, finish_notices, tell_colleagues
from jouren.team.models import Notice
from jouren.team.queries import colleague_choices, count_open, open_notices
from jouren.team.tasks import purge_notices
from jouren.team.texts import BadText, check_text
from tests.walking import START, Time, buy, draft_journey, live_journey, make_reader, step, work

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("time")]


def _colleague(name: str, *, may_see: bool = True, **details: Any) -> User:
    user = User.objects.create_user(f"{name}@shop.example", f"{name}@shop.example", "x", first_name=name, **details)
    UserProfile.objects.create(user=user, preferred_language="en")
    if may_see:
        user.user_permissions.add(Permission.objects.get(codename="view_contact"))
    return user


@pytest.fixture
def hana() -> User:
    return _colleague("Hana")


def _tell(*users: User, text: str = "{{ contact.name }} asks for a call.", key: str = "") -> dict[str, Any]:
    return step("colleague", {"users": [str(user.pk) for user in users], "text": text}, key)


def _plan(user: User, contact: Contact, walk_id: int = 1, journey_id: int = 1, text: str = "Please call.") -> None:
    step_id = "00000000-0000-0000-0000-000000000001"
    tell_colleagues([Telling([user.pk], contact.pk, journey_id, "Care", text, walk_id, step_id)], clock.now())


def _mail_all() -> list[mail.EmailMessage]:
    """What the loop sends now."""
    mail.outbox.clear()
    while mailing.tick():
        pass
    return list(mail.outbox)


def test_a_step_puts_the_person_on_the_lists_of_colleagues_and_mails_them(hana: User) -> None:
    taro = _colleague("Taro")
    live_journey([_tell(hana, taro)], name="Care")
    contact = make_reader(family_name="山田", given_name="花子")
    buy(contact)
    work()
    assert [(notice.text, notice.journey) for notice in open_notices(hana.pk, 9)] == [
        ("山田 花子 様 asks for a call.", "Care")
    ]
    assert count_open(taro.pk) == 1
    sent = _mail_all()
    assert {tuple(letter.to) for letter in sent} == {("Hana@shop.example",), ("Taro@shop.example",)}
    assert sent[0].subject == "山田 花子: Care"
    assert f"http://127.0.0.1:8000/admin/people/{contact.public_id}/" in str(sent[0].body)
    assert "山田 花子 様 asks for a call." in str(sent[0].body)
    assert sent[0].extra_headers["Auto-Submitted"] == "auto-generated"
    (told,) = events_of([contact.pk], types=["team.told"])
    assert told.payload["who"] == ["Hana", "Taro"]
    assert told.payload["text"] == "山田 花子 様 asks for a call."


def test_one_mail_an_hour_about_a_journey_and_what_comes_meanwhile_goes_with_the_next(hana: User, time: Time) -> None:
    people = [create_contact(email=f"p{number}@example.jp", given_name=f"P{number}") for number in range(60)]
    _plan(hana, people[0])
    assert len(_mail_all()) == 1
    for number, contact in enumerate(people[1:], start=2):
        _plan(hana, contact, walk_id=number)
    assert _mail_all() == []
    assert mailing.next_due() == START + timedelta(hours=1)
    time.pass_by(minutes=59)
    assert _mail_all() == []
    time.pass_by(minutes=1)
    (digest,) = _mail_all()
    assert digest.subject == "59 people: Care"
    assert str(digest.body).count("/admin/people/") == mailing.MOST_IN_A_MAIL
    assert "… and 9 more." in str(digest.body)
    assert Notice.objects.filter(mailed_at=None).count() == 0
    time.pass_by(hours=5)
    assert _mail_all() == []


def test_another_journey_has_a_pace_of_its_own(hana: User) -> None:
    _plan(hana, make_reader(1), journey_id=1)
    _plan(hana, make_reader(2), walk_id=2, journey_id=2)
    assert len(_mail_all()) == 2


def test_a_step_tells_once_and_what_is_rolled_back_tells_nobody(hana: User) -> None:
    contact = make_reader()
    _plan(hana, contact)
    _plan(hana, contact)
    with pytest.raises(RuntimeError), transaction.atomic():
        _plan(hana, contact, walk_id=2)
        raise RuntimeError
    assert Notice.objects.count() == 1
    assert len(_mail_all()) == 1
    assert len(events_of([contact.pk], types=["team.told"])) == 1


def test_what_was_done_before_the_mail_went_is_not_mailed(hana: User) -> None:
    _plan(hana, make_reader())
    assert finish_notices(hana.pk) == 1
    assert _mail_all() == []


def test_a_relay_that_is_away_is_asked_again_and_nothing_is_lost(
    hana: User, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(self: Any, *args: Any, **options: Any) -> int:
        raise MailUnavailable("No mail relay is set.")

    _plan(hana, make_reader())
    with monkeypatch.context() as broken:
        broken.setattr(mailing.EmailMessage, "send", away)
        for minutes in (1, 5, 15, 60, 60):
            assert _mail_all() == []
            assert mailing.next_due() == time.now + timedelta(minutes=minutes)
            time.pass_by(minutes=minutes)
    assert len(_mail_all()) == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda user: User.objects.filter(pk=user.pk).update(is_active=False),
        lambda user: User.objects.filter(pk=user.pk).update(email=""),
        lambda user: user.user_permissions.clear(),
        lambda user: User.objects.filter(pk=user.pk).update(email="a@b.example\nBcc: c@d.example"),
    ],
)
def test_nobody_is_mailed_who_is_gone_or_may_not_see_customers_any_more(hana: User, change: Any) -> None:
    _plan(hana, make_reader())
    change(hana)
    assert _mail_all() == []
    assert mailing.next_due() is None


def test_somebody_who_is_gone_gets_nothing_on_their_list(hana: User) -> None:
    User.objects.filter(pk=hana.pk).update(is_active=False)
    contact = make_reader()
    _plan(hana, contact)
    assert not Notice.objects.exists()
    assert events_of([contact.pk], types=["team.told"]) == []


@pytest.mark.parametrize(
    "name", ["A\r\nBcc: x@y.example", "A" * 100, "\u202eevil", "😀" * 100, "{{ 7*7 }}", "<b>x</b>"]
)
def test_a_name_does_no_harm_in_subject_and_text(hana: User, name: str) -> None:
    contact = make_reader()
    Contact.objects.filter(pk=contact.pk).update(family_name=name, given_name=name)
    _plan(hana, contact, text="{{ contact.full_name }}")
    (letter,) = _mail_all()
    assert "\n" not in letter.subject
    assert "\r" not in letter.subject
    assert len(letter.subject) <= 120
    headers = letter.message()
    assert headers["Bcc"] is None
    assert headers["To"] == "Hana@shop.example"
    assert "7*7" in str(letter.body) or "{{" not in name, "a name is no template"
    assert headers.get_content_type() == "text/plain"


def test_a_person_without_a_name_is_told_as_such(hana: User) -> None:
    _plan(hana, make_reader())
    (letter,) = _mail_all()
    assert letter.subject == "Somebody without a name: Care"


def test_mail_is_in_the_colleagues_own_language(hana: User) -> None:
    UserProfile.objects.filter(user=hana).update(preferred_language="ja")
    _plan(hana, make_reader())
    (letter,) = _mail_all()
    assert "Somebody" not in letter.subject


def test_erased_people_are_on_no_list_and_merged_ones_on_it_as_who_they_became(hana: User) -> None:
    erased, kept, gone = (create_contact(email=f"{name}@example.jp") for name in ("erased", "kept", "gone"))
    _plan(hana, erased, walk_id=1)
    _plan(hana, gone, walk_id=2)
    erase_contact(erased.pk)
    merge_contacts(kept.pk, gone.pk)
    assert [notice.contact_id for notice in open_notices(hana.pk, 9)] == [kept.pk]
    assert [event.payload for event in events_of([erased.pk], types=["team.told"])] == [
        {"journey": 1, "name": "Care", "who": ["Hana"]}
    ]


def test_one_colleague_does_not_finish_what_is_on_anothers_list(hana: User) -> None:
    _plan(hana, make_reader())
    notice = Notice.objects.get()
    assert finish_notices(_colleague("Taro").pk, [notice.pk]) == 0
    assert finish_notices(hana.pk, [notice.pk]) == 1
    assert finish_notices(hana.pk, [notice.pk]) == 0


def test_what_was_done_long_ago_is_forgotten(hana: User, time: Time) -> None:
    _plan(hana, make_reader())
    finish_notices(hana.pk)
    time.pass_by(days=89)
    assert purge_notices() == 0
    time.pass_by(days=2)
    assert purge_notices() == 1


def test_only_who_may_see_customers_can_be_chosen(hana: User) -> None:
    _colleague("Nosy", may_see=False)
    _colleague("Left", is_active=False)
    assert colleague_choices() == [(str(hana.pk), "Hana")]


@pytest.mark.parametrize("chosen", [[], ["99999"], ["x"], ["nosy"]])
def test_a_step_without_good_colleagues_is_refused_when_the_journey_is_published(chosen: list[str]) -> None:
    nosy = _colleague("Nosy", may_see=False)
    users = [str(nosy.pk) if each == "nosy" else each for each in chosen]
    with pytest.raises(JourneyProblem, match="Choose colleagues"):
        compile_journey(draft_journey([step("colleague", {"users": users, "text": "Hello"})]))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{{ contact.secret }}", "Unknown variable {{ contact.secret }}"),
        ("{{ contact.name", "has a mistake"),
        ("{% for x in range(9999999) %}x{% endfor %}", "mistake|Unknown"),
        ("{{ contact.name.__class__ }}", "mistake|Unknown"),
    ],
)
def test_a_text_that_cannot_be_filled_in_is_refused(hana: User, text: str, problem: str) -> None:
    with pytest.raises(BadText, match=problem):
        check_text(text)
    with pytest.raises(JourneyProblem):
        compile_journey(draft_journey([_tell(hana, text=text)]))


def test_a_name_brings_its_own_sama() -> None:
    assert check_text("{{ contact.name }}様に電話") == "{{ contact.name }}に電話"


def test_the_preview_tells_who_is_told(hana: User) -> None:
    journey = draft_journey([_tell(hana, text="Call {{ contact.name }}")])
    assert next(moment.text for moment in day_by_day(compile_journey(journey))) == (
        "Hana is told: Call {{ contact.name }}"
    )
