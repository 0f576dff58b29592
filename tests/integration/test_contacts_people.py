"""People: made, found, renamed, merged and erased."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from jouren.contacts import actions, queries
from jouren.contacts.errors import BadAddress, BadAttribute, BadName, ContactNotFound, IdentityErased, IdentityTaken
from jouren.contacts.models import Consent, ConsentRecord, Contact, ErasedIdentity, Identity, Suppression
from jouren.events.queries import events_of

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 4, 1, 3, 0, tzinfo=UTC)


def told(contact_id: int) -> list[str]:
    """The types of a person's events, the first one first."""
    return [event.type for event in reversed(events_of([contact_id]))]


def test_a_new_person_is_found_by_address_however_it_is_written() -> None:
    made = actions.create_contact(email="Taro＠Example.JP ", family_name="山田", given_name="太郎")
    assert queries.find_by_email("taro@example.jp") == made
    assert Identity.objects.get().as_given == "Taro＠Example.JP"


def test_an_address_belongs_to_one_person() -> None:
    first = actions.create_contact(email="taro@example.jp")
    with pytest.raises(IdentityTaken) as refused:
        actions.create_contact(email="TARO@example.jp")
    assert refused.value.contact_id == first.pk
    assert Contact.objects.count() == 1


def test_somebody_known_is_left_as_they_are() -> None:
    first = actions.create_contact(email="taro@example.jp", family_name="山田")
    again, is_new = actions.ensure_contact("taro@example.jp", family_name="別人")
    assert (again.pk, again.family_name, is_new) == (first.pk, "山田", False)


@pytest.mark.parametrize("bad", [{"email": "nobody"}, {"email": "a@b.jp", "family_name": "あ" * 10_000}])
def test_bad_input_leaves_nothing_behind(bad: dict[str, str]) -> None:
    with pytest.raises((BadAddress, BadName)):
        actions.create_contact(**bad)
    assert not Contact.objects.exists()
    assert not Identity.objects.exists()


def test_attributes_are_typed() -> None:
    actions.define_attribute("age", "number", "年齢")
    contact = actions.create_contact(attributes={"age": 42})
    with pytest.raises(BadAttribute):
        actions.set_attributes(contact.pk, {"age": "old"})
    with pytest.raises(BadAttribute):
        actions.set_attributes(contact.pk, {"height": 180})
    assert actions.set_attributes(contact.pk, {"age": 43}).attributes == {"age": 43}
    assert actions.set_attributes(contact.pk, {"age": None}).attributes == {}


def test_the_same_problem_is_open_once_and_can_come_back_after_it_was_solved() -> None:
    contact = actions.create_contact()
    first = actions.note_problem(contact.pk, "肩こり")
    assert actions.note_problem(contact.pk, " 肩こり\n").pk == first.pk
    assert actions.solve_problem(first.pk)
    assert not actions.solve_problem(first.pk)
    assert actions.note_problem(contact.pk, "肩こり").pk != first.pk
    assert told(contact.pk) == ["problem.noted", "problem.solved", "problem.noted"]


def test_verifying_an_address_confirms_the_person_once_and_ends_a_hard_bounce() -> None:
    contact = actions.create_contact(email="taro@example.jp")
    actions.suppress(contact.pk, "hard_bounce", channel="email")
    assert actions.verify_identity(contact.pk, "email", "taro@example.jp", at=NOON)
    assert not actions.verify_identity(contact.pk, "email", "taro@example.jp")
    contact.refresh_from_db()
    assert contact.confirmed_at == NOON
    assert not Suppression.objects.filter(lifted_at=None).exists()


def test_a_batch_finds_the_known_and_makes_the_unknown_once() -> None:
    known = actions.create_contact(email="known@example.jp")
    ids = actions.resolve_contacts(
        [("email", "new@example.jp"), ("email", "Known@example.jp"), ("email", "NEW@example.jp"), ("shop", "A-1")]
    )
    assert ids[1] == known.pk
    assert ids[0] == ids[2] != ids[3]
    assert None not in ids
    assert actions.resolve_contacts([("shop", "A-1")]) == [ids[3]]
    assert Contact.objects.count() == 3
    assert queries.search_contacts("new@")[0].pk == ids[0]


def test_erasing_leaves_a_hash_and_no_import_brings_the_person_back() -> None:
    contact = actions.create_contact(email="taro@example.jp", family_name="山田", source={"utm_source": "x"})
    actions.note_problem(contact.pk, "肩こり")
    actions.grant_consent(contact.pk, "email", "news", via="form", page="https://example.jp/?mail=taro", ip="192.0.2.1")
    assert actions.erase_contact(contact.pk)
    assert not actions.erase_contact(contact.pk)
    contact.refresh_from_db()
    assert (contact.name, contact.source, contact.search, contact.kana_key) == ("", {}, [], "")
    assert not Identity.objects.exists()
    proof = ConsentRecord.objects.get()
    assert (proof.page, proof.ip_hash, proof.is_granted) == ("", "", True)
    assert "taro" not in ErasedIdentity.objects.get().hash
    assert [event.payload.get("text") for event in events_of([contact.pk], types=["problem.noted"])] == [None]
    with pytest.raises(IdentityErased):
        actions.create_contact(email="taro@example.jp")
    assert actions.resolve_contacts([("email", "taro@example.jp")]) == [None]
    with pytest.raises(ContactNotFound):
        actions.change_name(contact.pk, family_name="山田")
    assert actions.create_contact(email="taro@example.jp", allow_erased=True).pk != contact.pk


def test_merging_keeps_the_more_restrictive_consent_and_every_suppression() -> None:
    kept = actions.create_contact(email="a@example.jp", created_at=NOON)
    gone = actions.create_contact(email="b@example.jp", family_name="山田", source={"utm_source": "x"})
    Contact.objects.filter(pk=gone.pk).update(created_at=datetime(2026, 1, 1, tzinfo=UTC))
    actions.grant_consent(kept.pk, "email", "news", via="form")
    actions.withdraw_consent(gone.pk, "email", "news", via="preferences")
    actions.grant_consent(gone.pk, "line", "news", via="form")
    actions.suppress(kept.pk, "manual", channel="email")
    actions.suppress(gone.pk, "manual", channel="email")
    actions.suppress(gone.pk, "complaint")
    merged = actions.merge_contacts(kept.pk, gone.pk)
    assert actions.merge_contacts(kept.pk, gone.pk) == merged
    assert (merged.family_name, merged.source) == ("山田", {"utm_source": "x"})
    assert merged.created_at == datetime(2026, 1, 1, tzinfo=UTC)
    assert dict(Consent.objects.filter(contact=kept).values_list("channel", "is_granted")) == {
        "email": False,
        "line": True,
    }
    assert sorted(Suppression.objects.filter(contact=kept, lifted_at=None).values_list("channel", "reason")) == [
        ("", "complaint"),
        ("email", "manual"),
    ]
    assert {queries.find_by_email(mail) for mail in ("a@example.jp", "b@example.jp")} == {kept}
    assert queries.find_contact_by_public_id(gone.public_id) == kept
    assert queries.alias_ids(gone.pk) == [kept.pk, gone.pk]
    assert actions.change_name(gone.pk, family_name="田中").pk == kept.pk


def test_aliases_of_aliases_lead_to_the_last_person() -> None:
    first, second, third = (actions.create_contact() for _ in range(3))
    actions.merge_contacts(second.pk, first.pk)
    actions.merge_contacts(third.pk, second.pk)
    assert queries.canonical_ids([first.pk, second.pk, third.pk]) == {first.pk: third.pk, second.pk: third.pk}
