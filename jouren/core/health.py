"""``GET /healthz``: 200 when the database answers and its migrations are applied, else 503."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from django.apps import apps
from django.db import DatabaseError, connection
from django.db.utils import InterfaceError

from jouren.core.outage import RETRY_AFTER_SECONDS

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

PATH = "/healthz"
# Migrations are only ever added by a new version of the code, and that is a new process.
_migrated = False


def is_ready() -> bool:
    """True when this process can serve. Costs one ``SELECT 1`` once migrations were found applied."""
    for _attempt in range(2):
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
            return migrations_applied()
        except (DatabaseError, InterfaceError):
            # The connection may be one from before a restart of the server: try once with a new one.
            connection.close()
    return False


def migrations_applied() -> bool:
    """True when the database has every migration of this version; remembered once true."""
    global _migrated  # noqa: PLW0603 - one value a process is the point
    if not _migrated:
        _migrated = not pending_migrations()
    return _migrated


def pending_migrations() -> list[str]:
    """The names of migrations that are not applied yet: ``["contacts.0001_initial", …]``."""
    if _are_all_recorded():
        return []
    # Only the executor knows for sure, for it reads the migrations themselves: a second of work.
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _backwards in plan]


def _are_all_recorded() -> bool:
    """Whether every migration that there is a file for has been recorded as applied."""
    if "django_migrations" not in connection.introspection.table_names():
        return False
    with connection.cursor() as cursor:
        cursor.execute("SELECT app, name FROM django_migrations")
        recorded = set(cursor.fetchall())
    return {(app, name) for app, folder in _migration_folders() for name in _modules_in(folder)} <= recorded


def _migration_folders() -> Iterator[tuple[str, str]]:
    for app in apps.get_app_configs():
        folder = Path(app.path) / "migrations"
        if folder.is_dir():
            yield app.label, str(folder)


def _modules_in(folder: str) -> Iterator[str]:
    names = (name for _finder, name, is_package in pkgutil.iter_modules([folder]) if not is_package)
    return (name for name in names if name[0] not in "_~")


def with_healthz(application: WSGIApplication) -> WSGIApplication:
    """Answer ``/healthz`` before ``application`` sees it: no middleware, host check, session or log line."""

    def front(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] == PATH:
            return _answer(environ["REQUEST_METHOD"], start_response)
        return application(environ, start_response)

    return front


def _answer(method: str, start_response: Callable[..., object]) -> Iterable[bytes]:
    if method not in {"GET", "HEAD"}:
        status, body = "405 Method Not Allowed", b""
    elif is_ready():
        status, body = "200 OK", b"ok\n"
    else:
        status, body = "503 Service Unavailable", b"not ready\n"
    headers = [("Content-Type", "text/plain"), ("Content-Length", str(len(body))), ("Cache-Control", "no-store")]
    if status.startswith("503"):
        headers.append(("Retry-After", str(RETRY_AFTER_SECONDS)))
    start_response(status, headers)
    return [b"" if method == "HEAD" else body]
