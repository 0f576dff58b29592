"""Fixtures that every tier of tests shares."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.test import TransactionTestCase
from django.utils import translation
from hypothesis import settings as hypothesis_settings

from jouren.core import clock, wake, zone
from jouren.pyramid import naming
from tests.installation import Installation, Templates, alone, first_start, shared_folder

# How long something takes is for benchmarks to say: here it depends on what else the machine does.
hypothesis_settings.register_profile("untimed", deadline=None)
hypothesis_settings.load_profile("untimed")

# What takes minutes begins first, so that no process ends long after the others.
# The second is one of those that need no copy of the demo shop, which the first makes.
_LONG_FIRST = (
    "browser/test_languages",
    "integration/test_cli_commands",
    "tests/faults",
    "tests/browser",
    "integration/test_cli",
)


_OWN_FOLDER = pytest.StashKey[str]()


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Give each run a folder of its own for temporary files.

    The one that pytest gives to all runs of a user is closed to others whenever a run begins, and the embedded database
    of root's tests belongs to another user: a second run would take the data away from under the first one's.
    """
    if config.option.basetemp is None:
        config.stash[_OWN_FOLDER] = config.option.basetemp = tempfile.mkdtemp(prefix="jouren-tests-")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Take the run's folder away."""
    if folder := config.stash.get(_OWN_FOLDER, ""):
        shutil.rmtree(folder, ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long tests first. Those of a file share what is dear to make: xdist keeps them together (loadfile)."""
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    return next((turn for turn, part in enumerate(_LONG_FIRST) if part in item.nodeid), len(_LONG_FIRST))


_KEEP_SEED = """
DO $$
DECLARE name text;
BEGIN
    CREATE SCHEMA IF NOT EXISTS seed;
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE format('CREATE TABLE IF NOT EXISTS seed.%1$I AS TABLE public.%1$I', name);
    END LOOP;
END $$;
"""

_BACK_TO_SEED = """
DO $$
DECLARE
    tab record;
    columns text;
BEGIN
    SET LOCAL session_replication_role = replica;
    FOR tab IN
        SELECT oid, relname, relkind FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
    LOOP
        -- What was never written to, neither by the migrations nor by a test, needs nothing.
        CONTINUE WHEN tab.relkind = 'r' AND pg_relation_size(tab.oid) = 0
            AND coalesce(pg_relation_size(to_regclass(format('seed.%I', tab.relname))), 0) = 0;
        EXECUTE format('DELETE FROM public.%I', tab.relname);
        IF tab.relkind = 'r' THEN
            SELECT string_agg(quote_ident(attname), ', ') INTO columns FROM pg_attribute
            WHERE attrelid = format('public.%I', tab.relname)::regclass AND attnum > 0
              AND NOT attisdropped AND attgenerated = '';
            IF to_regclass(format('seed.%I', tab.relname)) IS NOT NULL THEN
                EXECUTE format('INSERT INTO public.%1$I (%2$s) OVERRIDING SYSTEM VALUE SELECT %2$s FROM seed.%1$I',
                               tab.relname, columns);
            END IF;
        END IF;
    END LOOP;
END $$;
"""


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings: None, testrun_uid: str, django_db_blocker: Any
) -> Iterator[None]:
    """Have the first process of a run migrate its database, and the others copy what came of it: half a minute each."""
    creation = connection.creation
    create, migrated = creation.create_test_db, f"test_migrated_{testrun_uid[:12]}"

    def drop(_shared: Path) -> None:
        with django_db_blocker.unblock(), creation._nodb_cursor() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{migrated}"')

    def create_or_copy(*args: Any, keepdb: bool = False, **kwargs: Any) -> str:
        name: str = creation._get_test_db_name()
        with alone(shared):
            done = shared / "done"
            if keepdb or not done.exists():
                create(*args, keepdb=keepdb, **kwargs)
            connection.close()
            with creation._nodb_cursor() as cursor:
                if not keepdb and not done.exists():
                    cursor.execute(f'CREATE DATABASE "{migrated}" TEMPLATE "{name}"')
                    done.touch()
                elif not keepdb:
                    cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')
                    cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{migrated}"')
        django_settings.DATABASES[connection.alias]["NAME"] = connection.settings_dict["NAME"] = name
        return name

    with shared_folder(f"jouren-migrated-{testrun_uid}", drop) as shared:
        creation.create_test_db = create_or_copy
        yield
        creation.create_test_db = create


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Remember what the migrations put into the tables; a reused database goes back to that."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(_BACK_TO_SEED if _has_seed(cursor) else _KEEP_SEED)
    yield
    # Threads of the product may still hold connections, and a database in use cannot be dropped.
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        wake.settle()
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def _has_seed(cursor: Any) -> bool:
    cursor.execute("SELECT to_regnamespace('seed') IS NOT NULL")
    return bool(cursor.fetchone()[0])


def _back_to_seed(self: TransactionTestCase) -> None:
    """Put a committing test's database back to what the migrations made.

    Django would empty every table instead, and with it the default rules, pages and messages.
    """
    # What the test wished to be said is said before the database is closed to it.
    wake.settle()
    with connection.cursor() as cursor:
        cursor.execute(_BACK_TO_SEED)


TransactionTestCase._fixture_teardown = _back_to_seed  # type: ignore[method-assign]


@pytest.fixture(autouse=True)
def fresh_language() -> Iterator[None]:
    """A test that says nothing of language runs in English, whatever the one before had activated."""
    with translation.override("en"):
        yield


@pytest.fixture(autouse=True)
def fresh_clock() -> None:
    """No test sees how far another one, rolled back by now, had moved the sandbox's clock."""
    clock.forget()
    zone.forget()
    naming.forget()


@pytest.fixture(scope="session")
def templates(testrun_uid: str) -> Iterator[Templates]:
    """What tests that run the whole product run copies of."""
    with first_start(testrun_uid) as both:
        yield both


@pytest.fixture(scope="session")
def template(templates: Templates) -> Installation:
    """The demo shop as its first start leaves it."""
    return templates.demo


@pytest.fixture(scope="session")
def new(templates: Templates) -> Installation:
    """A shop that was migrated and has nobody in it, not even an owner."""
    return templates.new
