"""Two of everything at the same moment: the database decides."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections

from jouren.capture.actions import Origin, Outcome, ask_to_confirm, confirm_registration
from jouren.capture.models import Form, Registration
from jouren.contacts.models import Consent, Contact
from jouren.events.queries import events_of
from jouren.messaging.models import Delivery
from tests.capture_pages import last_confirm_path, make_form

pytestmark = pytest.mark.django_db(transaction=True)


def _at_once(act: Callable[[], Any], times: int = 4) -> list[Any]:
    results: list[Any] = []
    start = threading.Barrier(times)

    def run() -> None:
        try:
            start.wait()
            results.append(act())
        except Exception as error:
            results.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _number in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_a_form_sent_four_times_at_once_gives_one_mail() -> None:
    form: Form = make_form()
    results = _at_once(lambda: ask_to_confirm(form, "hanako@example.jp", {}, Origin(ip="203.0.113.1")))
    assert [result for result in results if isinstance(result, Exception)] == []
    assert sum(result is not None for result in results) == 1
    assert (Registration.objects.count(), Contact.objects.count(), Delivery.objects.count()) == (1, 1, 1)


def test_a_link_pressed_four_times_at_once_confirms_once() -> None:
    ask_to_confirm(make_form(), "hanako@example.jp", {"problems": ["乾燥"]}, Origin())
    token = last_confirm_path().rsplit("/", 1)[1]
    results = _at_once(lambda: confirm_registration(token))
    assert sorted(str(result) for result in results) == [str(Outcome.ALREADY)] * 3 + [str(Outcome.CONFIRMED)]
    contact = Contact.objects.get()
    told = [event.type for event in events_of([contact.pk])]
    assert told.count("registration.confirmed") == 1
    assert told.count("consent.granted") == 1
    assert Consent.objects.count() == 1
    assert contact.problems.count() == 1
