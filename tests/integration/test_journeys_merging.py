"""Two people in a journey turn out to be one."""

from __future__ import annotations

import pytest

from jouren.contacts.actions import merge_contacts
from jouren.messaging.models import Delivery, Message
from jouren.messaging.vocabulary import State
from tests.walking import Time, buy, got, live_journey, make_reader, send, wait, work

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("time")]


def test_of_a_message_planned_for_both_halves_of_a_person_one_goes(hello: Message) -> None:
    live_journey([send(hello)])
    kept, gone = make_reader(1), make_reader(2)
    for contact in (kept, gone):
        buy(contact)
    work()
    merge_contacts(kept.pk, gone.pk)
    told = dict(Delivery.objects.values_list("contact_id", "reason"))
    assert told == {kept.pk: "", gone.pk: "merged"}
    assert Delivery.objects.get(contact_id=gone.pk).state == State.SUPPRESSED


def test_merged_people_walk_on_as_one(hello: Message, time: Time) -> None:
    live_journey([wait(1), send(hello)])
    kept, gone = make_reader(1), make_reader(2)
    for contact in (kept, gone):
        buy(contact)
    work()
    merge_contacts(kept.pk, gone.pk)
    time.pass_by(days=1)
    work()
    assert got(kept) == ["Hello"]
    assert got(gone) == []
