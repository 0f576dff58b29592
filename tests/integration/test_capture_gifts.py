"""A gift is handed over by a signed link that expires, to whoever confirmed; and taken once."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from wagtail.documents.models import Document

from jouren.capture.models import Form
from jouren.contacts.actions import create_contact, erase_contact, grant_consent
from jouren.contacts.models import Contact
from jouren.contacts.queries import find_by_email
from jouren.content.models import LandingPage
from jouren.events.queries import events_of
from jouren.messaging.errors import InvalidMessage
from jouren.messaging.models import Delivery
from jouren.messaging.surveys import for_reader
from jouren.messaging.tracking import make_token
from tests.backoffice import owner_client
from tests.capture_pages import fill_in, last_confirm_path, make_page, visitor, wait
from tests.messages import published
from tests.sending import plan

pytestmark = pytest.mark.django_db
DAY = 86_400
PDF = b"%PDF-1.7 a guide"
BASE = "http://127.0.0.1:8000"


@pytest.fixture(autouse=True)
def gift(form: Form, settings: Any, tmp_path: Any) -> Document:
    settings.MEDIA_ROOT = tmp_path
    document = Document.objects.create(title="肌の手帖", file=ContentFile(PDF, name="hada.pdf"))
    form.gift = document
    form.save()
    return document


@pytest.fixture
def link(page: LandingPage, form: Form) -> str:
    """The path of the gift's file, as the page after the confirmation shows it."""
    fill_in(visitor(), page, form)
    return _file_in(visitor().post(last_confirm_path()))


def _file_in(answer: Any) -> str:
    found = re.search(r'href="(/gift/[A-Za-z0-9_-]+/file)"', answer.content.decode())
    assert found, answer.content.decode()
    return found[1]


def _fetch(path: str, browser: Client | None = None) -> tuple[int, bytes]:
    """The answer's status and all of its content, read to the end as a browser does."""
    answer = (browser or visitor()).get(path)
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[attr-defined]
    return answer.status_code, content


def _taken() -> list[dict[str, Any]]:
    events = events_of([contact.pk for contact in Contact.objects.all()])
    return [event.payload for event in events if event.type == "gift.taken"]


def test_the_page_after_the_confirmation_hands_it_over(link: str, form: Form) -> None:
    answer = visitor().get(link)
    assert answer.status_code == 200
    assert b"".join(answer.streaming_content) == PDF  # type: ignore[attr-defined]
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"] == 'attachment; filename="hada.pdf"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Robots-Tag"] == "noindex"
    assert answer["Referrer-Policy"] == "no-referrer"
    assert "no-store" in answer["Cache-Control"]
    assert _fetch(link) == (200, PDF)
    assert _taken() == [{"form": form.pk, "title": "肌の手帖"}]


def test_programs_take_nothing(link: str) -> None:
    assert visitor().get(link.removesuffix("/file")).status_code == 200
    head = visitor().head(link)
    assert (head.status_code, head["Content-Length"]) == (200, str(len(PDF)))
    for agent in ("GoogleImageProxy", ""):
        assert _fetch(link, Client(headers={"user-agent": agent})) == (200, PDF)
    assert visitor().post(link).status_code == 405
    assert _taken() == []


def test_the_gift_comes_before_the_page_that_was_chosen(page: LandingPage, form: Form) -> None:
    form.after_page = make_page(slug="welcome")
    form.save()
    fill_in(visitor(), page, form)
    answer = visitor().post(last_confirm_path())
    assert _file_in(answer)
    assert f'href="{form.after_page.url}"' in answer.content.decode()


def test_a_link_ends_after_the_days_of_the_form(link: str) -> None:
    wait(7 * DAY - 60)
    assert _fetch(link) == (200, PDF)
    wait(120)
    for path in (link, link.removesuffix("/file")):
        answer = visitor("en").get(path)
        assert answer.status_code == 410
        assert "This link has expired" in answer.content.decode()
        assert 'action="/gift/again"' in answer.content.decode()


@pytest.mark.parametrize("token", ["x", "A" * 40, "%00", "%FF%FE", "a" * 3000, "<script>", "%F0%9F%98%80"])
def test_a_forged_link_says_how_to_get_one(token: str) -> None:
    for path in (f"/gift/{token}", f"/gift/{token}/file", f"/gift/{token}/1", f"/gift/{token}/{10**30}"):
        answer = visitor().get(path)
        assert answer.status_code == 404
        assert 'action="/gift/again"' in answer.content.decode()
        assert "<script>" not in answer.content.decode()


def test_a_new_link_is_mailed_to_whoever_confirmed_and_nobody_is_told(link: str, form: Form) -> None:
    create_contact(email="other@example.jp")
    before = Delivery.objects.count()
    told = set()
    for address in ("hanako@example.jp", "other@example.jp", "nobody@example.jp"):
        answer = visitor().post("/gift/again", {"email": address})
        told.add((answer.status_code, answer["Location"]))
    assert told == {(303, "/gift/again?sent")}
    assert visitor().get("/gift/again?sent").status_code == 200
    assert Delivery.objects.count() == before + 1
    delivery = Delivery.objects.order_by("-pk")[0]
    contact = find_by_email("hanako@example.jp")
    assert contact is not None and delivery.contact_id == contact.pk
    context = delivery.context
    assert context is not None and context["gift_title"] == "肌の手帖"
    wait(3 * DAY)
    assert _file_in(visitor().get(context["gift_url"].removeprefix(BASE)))
    assert "hanako" not in context["gift_url"]


def test_asking_again_is_limited(link: str) -> None:
    before = Delivery.objects.count()
    for _number in range(5):
        wait(1)
        assert visitor().post("/gift/again", {"email": "HANAKO@example.jp"}).status_code == 303
    assert Delivery.objects.count() == before + 3
    statuses = {visitor().post("/gift/again", {"email": f"p{n}@example.jp"}).status_code for n in range(30)}
    assert statuses == {303, 429}


@pytest.mark.parametrize("email", ["", "x", "a@b\x00.jp", "x" * 400, "<b>@example.jp"])
def test_what_is_no_address_is_told(email: str) -> None:
    assert visitor().post("/gift/again", {"email": email}).status_code == 422
    assert not Delivery.objects.exists()


def test_a_message_hands_it_over_with_the_readers_own_link(form: Form) -> None:
    form.gift_days = 3
    form.save()
    contact = create_contact(email="taro@example.jp")
    grant_consent(contact.pk, "email", "newsletter", via="form")
    version = published(("gift", {"form": str(form.pk)}), kind="help")
    body = version.bodies["email"]
    assert body["gifts"] == [form.pk]
    assert body["links"][0] == f"{BASE}/gift/-/{form.pk}"
    assert "肌の手帖" in body["text"]
    plan(version, contact)
    token = make_token(Delivery.objects.get().pk)
    path = for_reader(body["links"][0], BASE, token).removeprefix(BASE)
    assert path == f"/gift/{token}/{form.pk}"
    on = visitor().get(path)
    assert on.status_code == 303
    assert _fetch(_file_in(visitor().get(on["Location"]))) == (200, PDF)
    assert len(_taken()) == 1
    # A message that shows another gift, or none, gives no right to this one.
    other = Form.objects.create(title="Other", topic=form.topic, consent_text="Yes.", button_text="OK", gift=form.gift)
    assert visitor().get(f"/gift/{token}/{other.pk}").status_code == 404
    assert visitor().get(f"/gift/-/{form.pk}").status_code == 200
    # Its days run from the sending, however often the button is pressed.
    wait(4 * DAY)
    again = visitor().get(path)
    assert visitor().get(again["Location"]).status_code == 410


def test_a_message_cannot_show_a_gift_that_is_not_there(form: Form) -> None:
    form.gift = None
    form.save()
    with pytest.raises(InvalidMessage):
        published(("gift", {"form": str(form.pk)}), kind="help")


def test_nobody_gets_it_by_the_documents_own_address(gift: Document, link: str) -> None:
    assert visitor().get(gift.url).status_code == 404
    assert _fetch(gift.url, owner_client()) == (200, PDF)


def test_what_is_gone_is_told(link: str, gift: Document) -> None:
    gift.file.storage.delete(gift.file.name)
    assert visitor().get(link).status_code == 410
    gift.delete()
    for path in (link, link.removesuffix("/file")):
        assert visitor().get(path).status_code == 410
    assert not _taken()


def test_erasing_somebody_ends_their_link(link: str) -> None:
    erase_contact(Contact.objects.get().pk)
    assert visitor().get(link).status_code == 404
