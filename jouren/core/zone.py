"""The shop's time zone: chosen once, kept in the database, asked for by everything that counts days."""

from __future__ import annotations

import time
from collections.abc import Callable
from zoneinfo import ZoneInfo, available_timezones

from django.db import DatabaseError, connection
from django.db.utils import InterfaceError
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _

from jouren.core.errors import UserError
from jouren.core.schedule import DEFAULT_ZONE

_Handler = Callable[[HttpRequest], HttpResponseBase]
_REFRESH_SECONDS = 5.0
# Of this process: (read at, by the monotonic clock; the zone). Replaced whole, so it needs no lock.
_NEVER = (float("-inf"), ZoneInfo(DEFAULT_ZONE))
_known = _NEVER


class UnknownZone(UserError):
    """There is no time zone of that name."""


def shop_zone() -> ZoneInfo:
    """The zone that days belong to where nothing else is said. Another process's choice is seen within seconds."""
    global _known  # noqa: PLW0603 - one value a process is the point
    read_at, zone = _known
    if time.monotonic() - read_at < _REFRESH_SECONDS:
        return zone
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM core_shopzone WHERE id = 1")
        row = cursor.fetchone()
    _known = (time.monotonic(), ZoneInfo(row[0] if row else DEFAULT_ZONE))
    return _known[1]


def shop_zone_name() -> str:
    """Its name, for what is made new."""
    return shop_zone().key


def choose_zone(name: str) -> None:
    """Keep another zone from now on. What is planned already stays at its moment.

    Raises:
        UnknownZone: there is no such zone.
    """
    if name not in available_timezones():
        raise UnknownZone(_("Unknown time zone: %(zone)s. Write it like Asia/Tokyo.") % {"zone": name[:64]})
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO core_shopzone (id, name) VALUES (1, %s) ON CONFLICT (id) DO UPDATE SET name = excluded.name",
            [name],
        )
    forget()


def forget() -> None:
    """Drop what this process knows, so that the next :func:`shop_zone` reads it again."""
    global _known  # noqa: PLW0603
    _known = _NEVER


def zone_middleware(get_response: _Handler) -> _Handler:
    """Every screen and page shows times as the shop's clock does; staff may choose another for themselves."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        try:
            zone = shop_zone()
        except (DatabaseError, InterfaceError):
            # What the request itself needs of the database says so in its own words.
            return get_response(request)
        with timezone.override(zone):
            return get_response(request)

    return answer
