"""Voices in the back office: what waits first, what the law says, the decision; and where else they stand."""

from __future__ import annotations

import pytest
from wagtail.models import ModelLogEntry

from jouren.catalog.models import Product
from jouren.content.voices.actions import Words, give_voice
from jouren.content.voices.models import Voice
from tests.backoffice import make_person, owner_client, staff_client

pytestmark = pytest.mark.django_db
TEXT = "香りがよいです。<b>シミが消えました。</b>また買います。"


@pytest.fixture
def voice() -> Voice:
    tea = Product.objects.create(name="クリーム", role="main", price=980, goods="cosmetic")
    person = make_person(family_name="山田", given_name="花子")
    return give_voice(person.pk, tea.pk, Words(TEXT, "family", permission="Yes, show it."))


def test_a_voice_that_says_too_much_is_refused_shortened_and_shown(voice: Voice) -> None:
    browser = owner_client()
    assert "1 customer&#x27;s voice waits" in browser.get("/admin/").content.decode()
    listed = browser.get("/admin/voices/").content.decode()
    assert "Not allowed" in listed
    assert "&lt;b&gt;シミ" in listed
    page = browser.get(f"/admin/voices/{voice.pk}/").content.decode()
    assert "<mark>シミが消え</mark>" in page
    assert "no legal advice" in page
    assert "Yes, show it." in page
    sent = {"text": TEXT, "given": "sample", "seen": voice.changed_at.isoformat(), "note": "ok"}
    refused = browser.post(f"/admin/voices/{voice.pk}/", sent)
    assert "The law does not allow to show this" in refused.content.decode()
    cut = "香りがよいです。…また買います。"
    assert browser.post(f"/admin/voices/{voice.pk}/", {**sent, "text": cut}).status_code == 302
    voice.refresh_from_db()
    assert (voice.state, voice.text, voice.given) == ("approved", cut, "sample")
    page = browser.get(f"/admin/voices/{voice.pk}/").content.decode()
    assert "<del>&lt;b&gt;シミが消えました。&lt;/b&gt;</del>" in page
    assert "PR: they were given a sample" in page
    entry = ModelLogEntry.objects.get(action="content.approve_voice")
    assert "シミ" not in str(entry.data) + entry.label
    assert cut in browser.get(f"/admin/products/{voice.product_id}/").content.decode()
    seen = {"seen": voice.changed_at.isoformat()}
    browser.post(f"/admin/voices/{voice.pk}/decline/", {"seen": "yesterday"})
    voice.refresh_from_db()
    assert voice.state == "approved"
    browser.post(f"/admin/voices/{voice.pk}/decline/", seen)
    voice.refresh_from_db()
    assert voice.state == "declined"


def test_who_may_look_may_not_decide_nor_see_who_it_is(voice: Voice) -> None:
    viewer = staff_client("content.view_voice")
    page = viewer.get(f"/admin/voices/{voice.pk}/").content.decode()
    assert "花子" not in page
    assert "Show it" not in page
    sent = {"text": "香りがよいです。…", "given": "nothing", "seen": voice.changed_at.isoformat()}
    viewer.post(f"/admin/voices/{voice.pk}/", sent)
    viewer.post(f"/admin/voices/{voice.pk}/decline/", sent)
    voice.refresh_from_db()
    assert voice.state == "received"


def test_a_persons_page_asks_for_words_and_tells_walls_and_doubts(voice: Voice) -> None:
    browser = owner_client()
    assert voice.contact is not None
    page = f"/admin/people/{voice.contact.public_id}/"
    shown = browser.get(page).content.decode()
    assert "Walls and doubts" in shown
    assert "not yet" in shown
    assert f"/admin/voices/{voice.pk}/" in shown
    answer = browser.post(f"{page}voice/", {"product": "", "given": "discount"}, follow=True).content.decode()
    assert "/voice/" in answer
    assert Voice.objects.get(product=None).given == "discount"
    again = browser.post(f"{page}voice/", {"product": voice.product_id, "given": "nothing"}, follow=True)
    assert "already given their words" in again.content.decode()
    exported = browser.post(f"{page}export/").content.decode()
    assert "シミが消えました" in exported
