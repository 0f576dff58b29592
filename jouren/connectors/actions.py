"""What staff do with connections."""

from __future__ import annotations

import secrets as random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.utils.translation import gettext as _
from wagtail.log_actions import log

from jouren.connectors.connector import connector_of, connectors
from jouren.connectors.errors import ConnectionProblem
from jouren.connectors.models import Connection, Outcome, Received, Secret
from jouren.connectors.queries import source_of, valid_secrets
from jouren.connectors.sealing import seal
from jouren.connectors.taking import read_again
from jouren.contacts.policies import clean_text
from jouren.core import clock
from jouren.core.sql import load_sql

_sql = load_sql("connectors")
MOST_SECRETS = 2
_HINT = 4


@transaction.atomic
def connect(
    connector: str, name: str, source: str = "", secret: str = "", *, by: AbstractBaseUser | None = None
) -> tuple[Connection, str]:
    """Connect a shop. ``source`` names its orders; empty: the kind's key, made different from all others.

    Where the shop makes the secret, it may be given now or later. Returns the connection and the secret that was made
    for the shop, which is to be shown once; empty where the shop makes it.

    Raises:
        ConnectionProblem: the kind is unknown, the source is taken, or the secret cannot be one.
    """
    if connector not in {each.key for each in connectors()}:
        raise ConnectionProblem(_("There is no such kind of shop."))
    wanted = clean_text(source)[:100] or _free_source(connector)
    if Connection.objects.filter(source=wanted).exists():
        raise ConnectionProblem(_("Another connection has the source “%(source)s”.") % {"source": wanted})
    connection = Connection.objects.create(
        public_id=random.token_hex(8),
        connector=connector,
        name=clean_text(name)[:100] or str(connector_of(connector).label),
        source=wanted,
        created_at=clock.now(),
    )
    _log(connection, "make", by)
    if connector_of(connector).makes_secret:
        return connection, _new_secret(connection)
    if secret.strip():
        _keep_secret(connection, secret)
    return connection, ""


def _free_source(connector: str) -> str:
    taken = set(Connection.objects.filter(source__startswith=connector).values_list("source", flat=True))
    numbered = (f"{connector}-{number}" for number in range(2, len(taken) + 3))
    return connector if connector not in taken else next(each for each in numbered if each not in taken)


@transaction.atomic
def change_connection(connection_id: int, *, name: str, is_on: bool, by: AbstractBaseUser | None = None) -> Connection:
    """Change a connection's name, or switch it off or on."""
    connection = Connection.objects.select_for_update(no_key=True).get(pk=connection_id)
    name = clean_text(name)[:100] or connection.name
    if (connection.name, connection.is_on) != (name, is_on):
        connection.name, connection.is_on = name, is_on
        connection.save(update_fields=["name", "is_on"])
        _log(connection, "change", by)
    return connection


@transaction.atomic
def rotate_secret(
    connection_id: int, secret: str = "", *, old_for: timedelta, by: AbstractBaseUser | None = None
) -> str:
    """Let a further secret be valid; the one before ends after ``old_for``. Returns one that was made here, or "".

    Raises:
        ConnectionProblem: there are two already, or the secret cannot be one.
    """
    connection = Connection.objects.select_for_update(no_key=True).get(pk=connection_id)
    if len(valid_secrets(connection)) >= MOST_SECRETS:
        raise ConnectionProblem(_("There are two secrets already. End the old one first."))
    ends_at = clock.now() + old_for
    for each in valid_secrets(connection):
        if each.ends_at is None or each.ends_at > ends_at:
            each.ends_at = ends_at
            each.save(update_fields=["ends_at"])
    _log(connection, "rotate_secret", by)
    if connector_of(connection.connector).makes_secret:
        return _new_secret(connection)
    _keep_secret(connection, secret)
    return ""


@transaction.atomic
def end_secret(secret_id: int, *, by: AbstractBaseUser | None = None) -> None:
    """Take a secret no longer. Raises ConnectionProblem when it is the only one."""
    secret = Secret.objects.select_related("connection").get(pk=secret_id)
    connection = Connection.objects.select_for_update(no_key=True).get(pk=secret.connection_id)
    others = [each for each in valid_secrets(connection) if each.pk != secret_id]
    if not others:
        raise ConnectionProblem(_("It is the only secret. Make a new one first."))
    Secret.objects.filter(pk=secret_id).delete()
    if len(others) == 1 and others[0].ends_at is not None:
        others[0].ends_at = None
        others[0].save(update_fields=["ends_at"])
    _log(connection, "end_secret", by)


def _new_secret(connection: Connection) -> str:
    make = connector_of(connection.connector).new_secret
    if make is None:
        raise ConnectionProblem(_("The shop makes the secret. Copy it here."))
    secret = make(connection.public_id)
    _keep_secret(connection, secret)
    return secret


def _keep_secret(connection: Connection, secret: str) -> None:
    plain = secret.strip()
    if not 8 <= len(plain) <= 300 or not plain.isascii() or not plain.isprintable() or " " in plain:
        raise ConnectionProblem(_("Copy the secret as the shop shows it: 8 to 300 letters and digits, no spaces."))
    check = connector_of(connection.connector).check_secret
    if check is not None:
        check(plain)
    Secret.objects.create(
        connection=connection, sealed=seal(plain), hint=plain[-_HINT:], created_at=clock.now(), ends_at=None
    )


def replay(received_id: int, *, by: AbstractBaseUser | None = None) -> None:
    """Take in what could not be used, after mending. Raises ConnectionProblem with the reason when it still cannot."""
    with transaction.atomic():
        received = (
            Received.objects.select_for_update(of=("self",))
            .select_related("connection")
            .filter(pk=received_id, outcome=Outcome.FAILED)
            .first()
        )
        if received is None:
            return
        reason = read_again(source_of(received.connection), received)
        if not reason:
            Received.objects.filter(pk=received_id).update(outcome=Outcome.TAKEN, error="", headers=None, body=None)
            _log(received.connection, "replay", by)
            return
        Received.objects.filter(pk=received_id).update(error=reason[:500])
    raise ConnectionProblem(reason)


def replay_all(connection_id: int, *, by: AbstractBaseUser | None = None) -> tuple[int, int]:
    """The same for all of a connection, the oldest first. Returns how many were taken in, and how many still cannot."""
    failed = Received.objects.filter(connection_id=connection_id, outcome=Outcome.FAILED).order_by("pk")
    taken = refused = 0
    for received_id in list(failed.values_list("pk", flat=True)[:1_000]):
        try:
            replay(received_id, by=by)
            taken += 1
        except ConnectionProblem:
            refused += 1
    return taken, refused


def drop(received_id: int, *, by: AbstractBaseUser | None = None) -> None:
    """Forget what could not be used: nobody wants it any more. It is not taken in when it comes again."""
    rows = Received.objects.filter(pk=received_id, outcome=Outcome.FAILED)
    rows.update(outcome=Outcome.IGNORED, headers=None, body=None)


def forget_people(contact_ids: Sequence[int]) -> None:
    """Forget what could not be used and names one of these people, who are erased."""
    _sql.run("forget_people", {"contact_ids": list(contact_ids)})


def _log(connection: Connection, act: str, by: AbstractBaseUser | None, **data: Any) -> None:
    if by is not None:
        log(instance=connection, action=f"connectors.{act}", user=by, data=data or None)
