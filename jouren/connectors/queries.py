"""What is asked about connections."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Q, QuerySet

from jouren.connectors.connector import connector_of
from jouren.connectors.models import Connection, Outcome, Received, Secret
from jouren.connectors.sealing import unseal
from jouren.connectors.taking import Source
from jouren.core import clock
from jouren.core.sql import load_sql

_sql = load_sql("connectors")
STANDING_DAYS = 7


@dataclass(frozen=True, slots=True)
class Standing:
    """What came from a connection within seven days: taken in, not needed; and all that waits to be mended."""

    taken: int = 0
    ignored: int = 0
    failed: int = 0


def standings() -> dict[int, Standing]:
    """How each connection stands."""
    since = clock.now() - timedelta(days=STANDING_DAYS)
    return {row[0]: Standing(*row[1:]) for row in _sql.all("standings", {"since": since})}


def find_source(public_id: str) -> Source | None:
    """The connection of a public id, as :func:`jouren.connectors.taking.take` needs it."""
    row = _sql.one("connection", {"public_id": public_id[:32]})
    return Source(row[0], row[1], connector_of(row[2]), row[3], row[4]) if row else None


def source_of(connection: Connection) -> Source:
    """The same, of a row."""
    return Source(
        connection.pk, connection.public_id, connector_of(connection.connector), connection.source, connection.is_on
    )


def secrets_of(connection_id: int) -> list[str]:
    """The secrets that are valid now, the newest first."""
    rows = _sql.all("secrets", {"connection_id": connection_id, "now": clock.now()})
    return [secret for (sealed,) in rows if (secret := unseal(sealed)) is not None]


def valid_secrets(connection: Connection) -> list[Secret]:
    """Their rows, the oldest first."""
    return list(connection.secrets.filter(Q(ends_at=None) | Q(ends_at__gt=clock.now())).order_by("pk"))


def can_read_secrets(connection: Connection) -> bool:
    """False when a secret was sealed with another ``JOUREN_SECRET_KEY``: nothing it signs can be checked then."""
    return all(unseal(secret.sealed) is not None for secret in valid_secrets(connection))


def failed_of(connection: Connection) -> QuerySet[Received]:
    """What could not be used, the newest first."""
    return connection.received.filter(outcome=Outcome.FAILED).order_by("-pk")
