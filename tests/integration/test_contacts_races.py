"""Two at once: the database decides, and nobody is there twice."""

from __future__ import annotations

import pytest

from jouren.contacts import actions
from jouren.contacts.models import Alias, Contact, Identity, Suppression
from jouren.events.queries import events_of
from jouren.pyramid.actions import change_stage
from jouren.pyramid.models import PyramidChange
from tests.at_once import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def test_one_address_makes_one_person() -> None:
    made = at_once(*[lambda: actions.ensure_contact("taro@example.jp")] * 6)
    assert len({contact.pk for contact, _ in made}) == 1
    assert sum(is_new for _, is_new in made) == 1
    assert Contact.objects.count() == 1


def test_batches_with_the_same_new_people_agree_and_do_not_wait_for_each_other() -> None:
    identities = [("email", f"user{number}@example.jp") for number in range(200)]
    backwards = identities[::-1]
    answers = at_once(*[lambda: actions.resolve_contacts(identities), lambda: actions.resolve_contacts(backwards)] * 3)
    assert all(answer in (answers[0], answers[0][::-1]) for answer in answers)
    assert Contact.objects.count() == Identity.objects.count() == 200


def test_a_suppression_is_told_once() -> None:
    contact = actions.create_contact()
    assert sum(at_once(*[lambda: actions.suppress(contact.pk, "unneeded")] * 5)) == 1
    assert Suppression.objects.count() == 1
    assert len(events_of([contact.pk])) == 1


def test_a_stage_is_entered_once() -> None:
    contact = actions.create_contact()
    assert sum(at_once(*[lambda: change_stage(contact.pk, 3)] * 5)) == 1
    assert PyramidChange.objects.count() == 2


def test_two_people_merged_both_ways_become_one() -> None:
    first, second = actions.create_contact(), actions.create_contact()
    at_once(
        lambda: actions.merge_contacts(first.pk, second.pk),
        lambda: actions.merge_contacts(second.pk, first.pk),
    )
    assert Alias.objects.count() == 1
    assert Contact.objects.filter(merged_at=None).count() == 1
