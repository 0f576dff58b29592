"""The messages that an installation begins with, when several people need them first."""

from __future__ import annotations

import threading

import pytest
from django.db import connections

from jouren.messaging.actions import version_for
from jouren.messaging.models import Message

pytestmark = pytest.mark.django_db(transaction=True)


def test_whoever_comes_while_they_are_being_made_gets_them_too() -> None:
    Message.objects.all().delete()
    found: list[object] = []
    start = threading.Barrier(6)

    def ask() -> None:
        try:
            start.wait()
            found.append(version_for("registration_confirm", "ja").pk)
        except Exception as error:
            found.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=ask) for _number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert len(set(found)) == 1
    assert Message.objects.filter(purpose="registration_confirm").count() == 2
