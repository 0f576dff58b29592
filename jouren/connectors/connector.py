"""What a connector is: how requests of one kind of shop are checked and read. Pure: no database, no clock.

Each kind is a folder beside this file with one ``CONNECTOR`` in its ``__init__.py``. How to write another is in
docs/subsystems/adding-a-connector.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Any

from django.utils.functional import Promise

from jouren.orders.telling import Telling

Text = str | Promise
Headers = Mapping[str, str]
"""Of a request; names in small letters."""
Identities = tuple[tuple[str, str], ...]
"""Who somebody is, as (kind, value): the first that is known decides."""

MAX_BODY_BYTES = 4_000_000
# What a connector is told besides a request's own headers: no header can have these names.
CALL, RECEIVED_AT = ":call", ":received-at"


@dataclass(frozen=True, slots=True)
class Said:
    """What a shop says of somebody's consent to its mail. ``proof``: in which words it says so."""

    is_granted: bool
    at: datetime
    proof: str = ""


@dataclass(frozen=True, slots=True)
class Profile:
    """What a source says of a person at a moment. Only the newest counts, whenever it comes.

    ``names`` are kept where nobody but this source has written one, ``attributes`` where the shop has defined them.
    A consent that somebody withdrew is never given back by it.
    """

    identities: Identities
    at: datetime
    names: Mapping[str, str] = field(default_factory=dict)
    attributes: Mapping[str, Any] = field(default_factory=dict)
    consent: Said | None = None


@dataclass(frozen=True, slots=True)
class Happening:
    """Anything else that a person did: an event of the log, as in :class:`jouren.events.actions.NewEvent`."""

    type: str
    identities: Identities
    payload: Mapping[str, Any]
    occurred_at: datetime
    key: str


@dataclass(frozen=True, slots=True)
class Join:
    """Two identities are said to be of one person."""

    known: tuple[str, str]
    other: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Contents:
    """Which parcels the order ``number`` had at a moment, by their ids in order. ``is_all``: all of it is in them."""

    number: str
    at: datetime
    parcels: tuple[str, ...]
    is_all: bool


@dataclass(frozen=True, slots=True)
class Arrived:
    """A parcel of the order ``number`` was delivered."""

    number: str
    at: datetime
    parcel: str


ParcelNews = Contents | Arrived


@dataclass(frozen=True, slots=True)
class Delivery:
    """One thing that a source tells, once.

    ``keys`` (one or two): whoever has seen one of them has seen this. ``other_numbers``: by which else the source
    speaks of orders, with their own number. ``parcels``: what it says of the parcels of orders; an order is told to be
    delivered once all of them are. ``body`` is its own part of a request that told several things, to be read again
    alone. ``ignored`` says why nothing is kept of it: a text to be translated
    (``N_``) that names nobody. ``unusable``: why it could not be read, though others of the same request could.
    """

    keys: tuple[str, ...]
    type: str
    profiles: Sequence[Profile] = ()
    tellings: Sequence[Telling] = ()
    happenings: Sequence[Happening] = ()
    joins: Sequence[Join] = ()
    other_numbers: Mapping[str, str] = field(default_factory=dict)
    parcels: Sequence[ParcelNews] = ()
    ignored: str = ""
    unusable: str = ""
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class Connector:
    """One kind of shop.

    ``verify`` raises BadSignature unless a request was signed with one of the secrets, ``now``. ``read`` makes of it
    what it tells; it raises Unusable where the whole request cannot be read, and gives the same answer for the same
    request. ``headers`` are those that ``read`` needs besides the body. ``makes_secret``: we make the secret and the
    shop is given it; otherwise the shop makes it, and it is pasted here. ``off_status`` answers while staff have
    switched the connection off, by what the sender's documents say; ``unreadable_status`` what cannot be read at all.
    ``path`` is where it posts, with ``%s`` for the public id of the connection. ``calls``: the names under ``/v1/``
    that are its own, instead. ``read`` raises TooLarge beyond limits of the sender's documents; ``max_bytes`` are asked
    first.
    """

    key: str
    label: Text
    about: Text
    steps: Sequence[Text]
    verify: Callable[[Headers, bytes, Sequence[str], datetime], None]
    read: Callable[[Headers, bytes], Sequence[Delivery]]
    headers: frozenset[str] = frozenset()
    makes_secret: bool = False
    new_secret: Callable[[str], str] | None = None
    check_secret: Callable[[str], None] | None = None
    off_status: HTTPStatus = HTTPStatus.SERVICE_UNAVAILABLE
    unreadable_status: HTTPStatus = HTTPStatus.OK
    path: str = "/hooks/%s/"
    max_bytes: int = MAX_BODY_BYTES
    calls: frozenset[str] = frozenset()


_connectors: dict[str, Connector] = {}


def register_connector(connector: Connector) -> Connector:
    """Make a kind of shop known. Raises ValueError when another has its key."""
    if _connectors.get(connector.key, connector) != connector:
        raise ValueError(f"The connector {connector.key!r} is registered twice.")
    _connectors[connector.key] = connector
    return connector


def connector_of(key: str) -> Connector:
    """The kind of that key. Raises KeyError."""
    return _connectors[key]


def connectors() -> list[Connector]:
    """All kinds, in the order in which they were registered."""
    return list(_connectors.values())
