"""Somebody of whom every table knows something is erased: nothing in the whole database says so any more."""

from __future__ import annotations

import json
import smtplib
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.db import connection
from django.test import Client
from wagtail.documents.models import Document

from jouren.api.ingest import ingest
from jouren.capture.models import Form
from jouren.catalog.models import Product
from jouren.contacts.actions import (
    add_tag,
    attach_identity,
    change_name,
    create_contact,
    define_attribute,
    erase_contact,
    grant_consent,
    merge_contacts,
    note_problem,
    set_attributes,
    suppress,
)
from jouren.contacts.errors import IdentityErased
from jouren.contacts.models import Contact, ErasedIdentity
from jouren.contacts.queries import find_by_email
from jouren.content.models import LandingPage
from jouren.content.voices.actions import Words, approve_voice, give_voice
from jouren.core.config import Config
from jouren.core.loops import wait_until
from jouren.core.mailbox import list_mail, serve_sink, sink_listens, smtp_address
from jouren.events import reactions as registry
from jouren.events.reactions import Reaction, register_reaction
from jouren.events.types import Event
from jouren.inbox.actions import record_answer
from jouren.inbox.inquiries import handle_inquiry
from jouren.inbox.models import Inquiry
from jouren.inbox.policies import Given
from jouren.inbox.vocabulary import Question
from jouren.journeys import engine
from jouren.mechanisms.tasks_for_people import finish_task, open_tasks_for
from jouren.mechanisms.vocabulary import Occasion
from jouren.messaging.models import Delivery
from jouren.messaging.replies import look
from jouren.messaging.sender import LaneSender
from jouren.messaging.tracking import make_token
from jouren.messaging.vocabulary import Lane
from tests.backoffice import owner
from tests.capture_pages import fill_in, last_confirm_path, make_page, visitor
from tests.imap_server import ScriptedMailbox, scripted_mailbox
from tests.messages import published
from tests.reacting import react_to_all
from tests.sending import plan, refuse, run
from tests.smtp_server import ScriptedServer
from tests.surveying import make_survey
from tests.walking import live_journey, make_message, send

pytestmark = pytest.mark.django_db(transaction=True)

TRACE = "zyxhana"
EMAIL, OTHER_EMAIL = f"{TRACE}@example.jp", f"{TRACE}.second@example.jp"
NAME, KANA = "綾小路咲良", "アヤノコウジ"
TRACES = (
    TRACE,
    NAME,
    "綾小路",
    "咲良",
    KANA,
    "あやのこうじ",
    TRACE.encode().hex(),
    ascii(NAME).strip("'").replace("\\", ""),
)

EVERYWHERE = """
SELECT relnamespace::regnamespace::text, relname FROM pg_class
WHERE relkind IN ('r', 'p', 'm') AND NOT relispartition
  AND relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
"""


def tables_with_traces() -> set[str]:
    """The tables in which any column of any row, of whatever type, tells of the person."""
    found = set()
    with connection.cursor() as cursor:
        cursor.execute(EVERYWHERE)
        for schema, table in cursor.fetchall():
            name = connection.ops.quote_name(schema) + "." + connection.ops.quote_name(table)
            cursor.execute(
                f"SELECT EXISTS (SELECT FROM {name} AS row WHERE row::text ILIKE ANY(%s))",
                [[f"%{trace}%" for trace in TRACES]],
            )
            if cursor.fetchone()[0]:
                found.add(table)
    return found


@pytest.fixture(autouse=True)
def home(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.JOUREN = replace(settings.JOUREN, home=tmp_path)


@pytest.fixture
def sink() -> Iterator[Config]:
    """The local mail sink, in the data folder of the test."""
    config: Config = replace(settings.JOUREN, email=None)
    stop = threading.Event()
    thread = threading.Thread(target=serve_sink, args=(config, stop))
    thread.start()
    assert wait_until(lambda: sink_listens(config), 10)
    yield config
    stop.set()
    thread.join(10)


def sign_up(form: Form, page: LandingPage) -> Contact:
    """Through the public pages, with everything in the way that a browser can bring along."""
    browser = visitor()
    browser.get(f"{page.url}?utm_source={TRACE}", headers={"referer": f"https://{TRACE}.example/"})
    family, given = NAME[:3], NAME[3:]
    fill_in(browser, page, form, f"?utm_campaign={TRACE}", email=EMAIL, family_name=family, given_name=given)
    browser.post(last_confirm_path())
    browser.get(page.url)
    take_the_gift(browser, form)
    contact = find_by_email(EMAIL)
    assert contact is not None
    # A second form, not confirmed yet: what was written still waits.
    other = Form.objects.create(
        title="Other",
        topic=form.topic,
        consent_text="Yes.",
        button_text="Send",
        ask_problem="text",
        public_id=uuid.uuid4(),
    )
    fill_in(visitor(), make_page(other, slug="other"), other, email=OTHER_EMAIL, problem=f"{TRACE} again")
    second = find_by_email(OTHER_EMAIL)
    assert second is not None
    merge_contacts(contact.pk, second.pk)
    return contact


def take_the_gift(browser: Client, form: Form) -> None:
    """By a link that they had mailed anew."""
    form.gift = Document.objects.create(title="Guide", file=ContentFile(b"%PDF", name="guide.pdf"))
    form.save()
    browser.post("/gift/again", {"email": EMAIL})
    waiting = Delivery.objects.order_by("-pk")[0]
    assert waiting.context is not None
    answer = browser.get(waiting.context["gift_url"].removeprefix("http://127.0.0.1:8000") + "/file")
    assert b"".join(answer.streaming_content) == b"%PDF"  # type: ignore[attr-defined]


def be_looked_after(contact: Contact) -> None:
    """By staff, who write down what they hear."""
    staff = owner()
    define_attribute("pet", "text", "Pet")
    change_name(contact.pk, family_name=NAME[:3], given_name=NAME[3:], family_kana=KANA, by=staff)
    set_attributes(contact.pk, {"pet": f"{TRACE} the cat"}, by=staff)
    note_problem(contact.pk, f"{TRACE} sleeps badly", source=TRACE, by=staff)
    add_tag(contact.pk, f"friend of {TRACE}", by=staff)
    attach_identity(contact.pk, "line", f"U{TRACE}", by=staff)
    attach_identity(contact.pk, "shop", f"{TRACE}-7", by=staff)
    suppress(contact.pk, "manual", channel="line", detail=f"{TRACE} asked for it", by=staff)
    grant_consent(contact.pk, "email", "newsletter", via="form", page=f"/{TRACE}", ip="203.0.113.7")
    survey = make_survey(questions=list(Question.values))
    record_answer(survey, contact.pk, Given("below", True, False, f"{TRACE} is tired", f"{TRACE} hopes"))
    handle_inquiry(Inquiry.objects.get().pk, f"called {TRACE}", by=staff)
    open_tasks_for([contact.pk], Occasion.REGULAR)
    finish_task(contact.tasks.get().pk, "done", f"{TRACE} was glad", by=staff)


def speak(contact: Contact) -> None:
    """In words of their own, which are shown under their name; and of the shop in words that wait."""
    tea = Product.objects.create(name="緑茶", role="main", price=980)
    words = Words(f"{TRACE} です。とても香りがよいです。", "full", permission="Yes.")
    voice = give_voice(contact.pk, tea.pk, words)
    approve_voice(voice.pk, voice.text, given="nothing", seen=voice.changed_at, note=TRACE, by=owner_again())
    give_voice(contact.pk, None, Words(f"{TRACE} が書きました。", "nickname", nickname=TRACE, permission="Yes."))


def owner_again() -> User:
    """The owner, who is there already."""
    return User.objects.get(is_superuser=True)


def buy_through_the_api(contact: Contact) -> None:
    """A shop that takes an address for a key, and a reaction that quotes what it fails on."""
    payload = {"order": "1001", "kind": "regular", "amount": 1000, "currency": "JPY", "products": ["tea"]}
    entry = {"type": "order.paid", "contact": {"email": EMAIL}, "key": EMAIL, "payload": payload}

    def fail(events: list[Event]) -> None:
        raise ValueError(f"cannot take the order of {EMAIL}")

    register_reaction(Reaction("a-quoting-one", fail, frozenset({"order.paid"}), order=300))
    ingest(json.dumps({"events": [entry]}).encode(), "api:1")
    react_to_all()


def walk(contact: Contact, monkeypatch: pytest.MonkeyPatch) -> None:
    """A journey that is entered once for each word of an event, and stops on an error that quotes."""

    def fail(walker: engine.Walker, *rest: Any) -> engine.Move:
        raise ValueError(f"{NAME} cannot be")

    live_journey(
        [send(make_message("Tagged"))],
        [{"type": "event", "value": {"event": "tag.added"}}],
        reentry="keyed",
        key="tag",
    )
    add_tag(contact.pk, f"{TRACE} walks")
    react_to_all()
    with monkeypatch.context() as patch:
        patch.setattr(engine, "walk", fail)
        while engine.tick():
            pass


def get_mail(contact: Contact, server: ScriptedServer, sender: LaneSender) -> None:
    """One letter that a server refuses by name, and one that waits with words of its own."""
    server.script = refuse("RCPT", f"TO:<{EMAIL}>", f"550 5.7.1 <{EMAIL}> not today".encode())
    version = published()
    Delivery.objects.update(state=5)
    plan(version, contact)
    run(sender)
    plan(version, contact, occurrence=1, context={"form_title": TRACE})


def reply(contact: Contact, mailbox: ScriptedMailbox) -> None:
    """To every message they got, by a mail that bears the name wherever it can."""
    for delivery in Delivery.objects.filter(contact_id=contact.pk):
        heads = [f"From: {NAME} <{EMAIL}>", f"Message-ID: <{TRACE}.{delivery.pk}@{TRACE}.example>", f"Subject: {TRACE}"]
        mailbox.put("\n".join([*heads, f"In-Reply-To: <{make_token(delivery.pk)}@example.jp>", "", TRACE]))
    look(mailbox.address, at_once=True)
    react_to_all()


def write_to_sink(config: Config) -> None:
    address = smtp_address(config)
    with smtplib.SMTP(address.host, address.port) as smtp:
        for recipient in (EMAIL, EMAIL.upper(), OTHER_EMAIL, "taro@example.jp"):
            smtp.sendmail("shop@example.jp", [recipient], b"Subject: Hello\r\n\r\nHello\r\n")


def test_after_an_erasure_no_column_of_no_table_tells_of_the_person(
    form: Form,
    page: LandingPage,
    server: ScriptedServer,
    sender: Callable[..., LaneSender],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(registry, "_reactions", dict(registry._reactions))
    contact = sign_up(form, page)
    be_looked_after(contact)
    get_mail(contact, server, sender(Lane.TRIGGERED))
    walk(contact, monkeypatch)
    with scripted_mailbox() as mailbox:
        reply(contact, mailbox)
    assert Delivery.objects.filter(first_replied_at__isnull=False).exists()
    buy_through_the_api(contact)
    speak(contact)
    assert tables_with_traces() == {
        "capture_registration",
        "capture_touch",
        "capture_visitor",
        "contacts_consent_record",
        "contacts_contact",
        "contacts_identity",
        "contacts_problem",
        "contacts_suppression",
        "contacts_tag",
        "content_voice",
        "events_event",
        "events_parked",
        "inbox_inquiry",
        "inbox_surveyanswer",
        "journeys_enrolment",
        "mechanisms_task",
        "messaging_delivery",
        "team_notice",
    }
    assert erase_contact(contact.pk)
    assert tables_with_traces() == set()
    react_to_all()
    assert tables_with_traces() == set()
    assert ErasedIdentity.objects.count() == 4
    with pytest.raises(IdentityErased):
        create_contact(email=EMAIL)


def test_the_letters_in_the_local_sink_go_with_the_person(sink: Config) -> None:
    contact = create_contact(email=EMAIL)
    merge_contacts(contact.pk, create_contact(email=OTHER_EMAIL).pk)
    write_to_sink(sink)
    assert len(list_mail(sink)) == 4
    erase_contact(contact.pk)
    assert [mail.recipient for mail in list_mail(sink)] == ["taro@example.jp"]


def test_what_a_server_says_after_the_erasure_about_a_letter_under_way_is_not_kept(
    server: ScriptedServer, sender: Callable[..., LaneSender]
) -> None:
    contact = create_contact(email=EMAIL)
    grant_consent(contact.pk, "email", "newsletter", via="form")

    def refuse_after_the_erasure(command: str, argument: str) -> bytes | None:
        if command != "RCPT":
            return None
        asked.set()
        assert may_answer.wait(20)
        return f"550 5.1.1 <{EMAIL}>: user unknown".encode()

    asked, may_answer = threading.Event(), threading.Event()
    server.script = refuse_after_the_erasure
    plan(published(), contact)
    working = sender(Lane.TRIGGERED)
    while not asked.is_set():
        working.tick()
    erase_contact(contact.pk)
    may_answer.set()
    run(working)
    assert Delivery.objects.get().state == 3
    assert tables_with_traces() == set()
