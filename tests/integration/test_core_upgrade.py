"""Migrating: one process at a time, and none of them in the way of the one that does it."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import psycopg
import pytest
from django.db import connection, connections

from jouren.core import upgrade
from jouren.core.upgrade import migrate_database

pytestmark = pytest.mark.django_db(transaction=True)


def test_who_waits_to_migrate_does_not_hold_up_an_index_that_is_built_concurrently(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waits, may_go_on = threading.Event(), threading.Event()

    def wait(seconds: float) -> None:
        waits.set()
        may_go_on.wait(10)

    monkeypatch.setattr(upgrade, "time", SimpleNamespace(sleep=wait))
    applied: list[list[str]] = []

    def migrate() -> None:
        try:
            applied.append(migrate_database())
        finally:
            connections.close_all()

    with psycopg.connect(**connection.get_connection_params(), autocommit=True) as first:
        first.execute("SELECT pg_advisory_lock(%s)", [upgrade._LOCK])
        second = threading.Thread(target=migrate)
        second.start()
        assert waits.wait(10)
        first.execute("SET statement_timeout = '10s'")
        first.execute("CREATE INDEX CONCURRENTLY test_index ON core_worker (pid)")
        first.execute("DROP INDEX test_index")
        first.execute("SELECT pg_advisory_unlock(%s)", [upgrade._LOCK])
        may_go_on.set()
        second.join()
    assert applied == [[]]
