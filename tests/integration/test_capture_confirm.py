"""The confirmation link: only pressing its button counts, and only once."""

from __future__ import annotations

import pytest

from jouren.capture.models import Form, Registration
from jouren.contacts.actions import create_contact, erase_contact, merge_contacts, suppress
from jouren.contacts.models import Consent, Contact, ErasedIdentity, Suppression
from jouren.contacts.queries import find_by_email
from jouren.content.models import LandingPage
from jouren.events.queries import events_of
from tests.capture_pages import fill_in, last_confirm_path, make_page, visitor, wait

pytestmark = pytest.mark.django_db
DAY = 86_400


@pytest.fixture
def link(page: LandingPage, form: Form) -> str:
    fill_in(visitor(), page, form)
    return last_confirm_path()


def _confirmations() -> int:
    return sum(event.type == "registration.confirmed" for event in events_of([c.pk for c in Contact.objects.all()]))


def test_looking_at_the_link_confirms_nothing(link: str) -> None:
    assert visitor().get(link).status_code == 200
    assert visitor().head(link).status_code == 200
    assert visitor().put(link).status_code == 405
    assert Registration.objects.get().state == "pending"
    assert _confirmations() == 0


def test_confirming_again_changes_nothing(link: str) -> None:
    browser = visitor("en")
    assert "Your registration is confirmed" in browser.post(link).content.decode()
    before = Contact.objects.get().confirmed_at
    wait(60)
    for again in (browser.post(link), browser.get(link)):
        assert again.status_code == 200
        assert "Already confirmed" in again.content.decode()
        # Who has unsubscribed since then finds the way back.
        assert f"/f/{Form.objects.get().public_id}/" in again.content.decode()
    assert _confirmations() == 1
    assert Contact.objects.get().confirmed_at == before
    assert Consent.objects.count() == 1


def test_a_link_is_good_for_seven_days(link: str, form: Form) -> None:
    wait(7 * DAY + 1)
    for answer in (visitor("en").get(link), visitor("en").post(link)):
        assert answer.status_code == 410
        assert "This link has expired" in answer.content.decode()
        assert f"/f/{form.public_id}/" in answer.content.decode()
    assert not Consent.objects.exists()


@pytest.mark.parametrize("token", ["x", "%00", "%FF%FE", "a" * 3000, "%F0%9F%98%80", "<script>"])
def test_a_forged_link_is_told_clearly(token: str) -> None:
    for method in ("get", "post", "head"):
        answer = getattr(visitor("en"), method)(f"/confirm/{token}")
        assert answer.status_code == 404
    assert "This link does not work" in visitor("en").post(f"/confirm/{token}").content.decode()
    assert "<script" not in visitor("en").get(f"/confirm/{token}").content.decode()


def test_the_page_after_the_confirmation_can_be_chosen(link: str, form: Form) -> None:
    after = make_page(slug="welcome")
    form.after_page = after
    form.save()
    answer = visitor().post(link)
    assert (answer.status_code, answer["Location"]) == (303, after.url)


def test_a_link_survives_the_form_it_came_from(link: str, form: Form) -> None:
    form.delete()
    assert visitor("en").post(link).status_code == 200
    assert _confirmations() == 1


def test_the_link_follows_somebody_who_was_merged_meanwhile(link: str) -> None:
    gone = Contact.objects.get()
    kept = create_contact(email="other@example.jp", family_name="佐藤")
    merge_contacts(kept.pk, gone.pk)
    assert visitor().post(link).status_code == 200
    assert Registration.objects.get().contact_id == kept.pk
    assert Contact.objects.get(pk=kept.pk).family_name == "山田"
    assert Consent.objects.get().contact_id == kept.pk


def test_an_erased_person_comes_back_only_by_confirming(page: LandingPage, form: Form) -> None:
    contact = create_contact(email="hanako@example.jp")
    erase_contact(contact.pk)
    fill_in(visitor(), page, form)
    path = last_confirm_path()
    assert Registration.objects.get().was_erased
    visitor().post(path)
    back = find_by_email("hanako@example.jp")
    assert back is not None and back.confirmed_at is not None
    assert back.pk != contact.pk
    assert not ErasedIdentity.objects.exists()


def test_erasing_somebody_ends_their_links(link: str) -> None:
    erase_contact(Contact.objects.get().pk)
    assert not Registration.objects.exists()
    assert visitor("en").post(link).status_code == 404
    assert not Consent.objects.filter(is_granted=True).exists()


def test_signing_up_anew_ends_the_wish_for_no_more_messages(page: LandingPage, form: Form) -> None:
    contact = create_contact(email="hanako@example.jp")
    suppress(contact.pk, "unneeded")
    fill_in(visitor(), page, form)
    assert Suppression.objects.get(lifted_at=None).reason == "unneeded"
    visitor().post(last_confirm_path())
    assert not Suppression.objects.filter(lifted_at=None).exists()


def test_secrets_are_not_told_to_other_sites_or_kept_in_caches(link: str) -> None:
    answer = visitor().get(link)
    assert answer["Referrer-Policy"] == "no-referrer"
    assert "no-store" in answer["Cache-Control"]
    assert answer["X-Robots-Tag"] == "noindex"
