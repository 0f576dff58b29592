"""A row's cells → what they say, by the choice of columns. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any

from django.utils.translation import gettext as _

from jouren.contacts.addresses import normalise_email
from jouren.contacts.errors import BadAddress
from jouren.core.money import DEFAULT_CURRENCY
from jouren.imports.errors import BadMapping, BadRow
from jouren.imports.fields import FIELDS, Field, Form, Kind
from jouren.imports.presets import PAYMENT_WORDS, PRESETS
from jouren.imports.values import (
    read_count,
    read_currency,
    read_day,
    read_flag,
    read_moment,
    read_money,
    read_rate,
    read_status,
)

Said = dict[str, Any]
"""What a row says, by field: texts, whole numbers, truth values; moments in seconds since 1970, days as YYYY-MM-DD."""

MAX_TEXT = 1_000
MAX_NUMBER = 100
_NAMES = {
    "name": ("family_name", "given_name"),
    "kana": ("family_kana", "given_kana"),
}


def check_mapping(kind: str, columns: Mapping[str, int], width: int) -> None:
    """Refuse a choice of columns by which nothing could be understood. Raises BadMapping."""
    if any(name not in FIELDS[kind] or not 0 <= place < width for name, place in columns.items()):
        raise BadMapping(_("One of the columns does not exist. Choose again."))
    if not {"email", "shop_id"} & columns.keys():
        raise BadMapping(
            _("Choose the column of the mail address or of the customer number: without them nobody is known.")
        )
    if kind != Kind.ORDERS:
        return
    if "number" not in columns:
        raise BadMapping(
            _("Choose the column of the order number: it puts rows together and makes an order count once.")
        )
    if not {"placed_at", "paid_at"} & columns.keys():
        raise BadMapping(_("Choose the column of a date: when it was ordered or paid."))
    if not {"amount", "line_amount", "unit_price"} & columns.keys():
        raise BadMapping(_("Choose the column of an amount: the total, or that of a line."))


class RowReader:
    """Reads rows of one file. ``zone``: the shop's, for dates that name none."""

    def __init__(self, kind: str, preset: str, columns: Mapping[str, int], zone: tzinfo, now: datetime) -> None:
        self._zone, self._now = zone, now
        self._currency_place = columns.get("currency", -1)
        words = PRESETS[preset].words if preset in PRESETS else {}
        self._words = {"status": words, "payment_status": PAYMENT_WORDS.get(preset, words)}
        fields = FIELDS[kind]
        self._readers = [
            (name, columns[name], self._reader(field))
            for name, field in fields.items()
            if name in columns and field.form != Form.CURRENCY
        ]

    def read(self, cells: Sequence[str]) -> Said:
        """What the cells say; fields without text are left out.

        Raises:
            BadRow: a cell cannot be understood; it says which and why.
        """
        said: Said = {}
        currency, place, count = DEFAULT_CURRENCY, self._currency_place, len(cells)
        try:
            if 0 <= place < count and (text := cells[place].strip()):
                currency = said["currency"] = read_currency(text)
            for name, place, read in self._readers:
                if place < count and (text := cells[place].strip()):
                    said[name] = read(text, currency)
        except BadRow as error:
            raise BadRow(str(error), place) from None
        for whole, (family, given) in _NAMES.items():
            if whole in said:
                name = said.pop(whole)
                if family not in said and given not in said:
                    said[family], _space, said[given] = _divided(name)
        return said

    def _reader(self, field: Field) -> Callable[[str, str], Any]:
        zone, now, words = self._zone, self._now, dict(self._words.get(field.name, {}))
        match field.form:
            case Form.MOMENT:
                return lambda text, _currency: int(read_moment(text, zone, now).timestamp())
            case Form.DAY:
                return lambda text, _currency: read_day(text, now.date()).isoformat()
            case Form.MONEY:
                return read_money
            case Form.DEDUCTION:
                return lambda text, currency: read_money(text, currency, is_deduction=True)
            case Form.RATE:
                return lambda text, _currency: read_rate(text)
            case Form.COUNT:
                return lambda text, _currency: read_count(text)
            case Form.FLAG:
                return lambda text, _currency: read_flag(text)
            case Form.STATUS:
                return lambda text, _currency: read_status(text, words)
            case Form.MAIL:
                return lambda text, _currency: _mail(text)
            case Form.NUMBER:
                return lambda text, _currency: _number(text)
        return lambda text, _currency: _short(text)


def _short(text: str) -> str:
    if len(text) > MAX_TEXT:
        raise BadRow(_("It is longer than %(most)s characters.") % {"most": MAX_TEXT})
    return text


def _number(text: str) -> str:
    if len(text) > MAX_NUMBER or not text.isprintable():
        raise BadRow(_("A number has at most %(most)s characters, all on one line.") % {"most": MAX_NUMBER})
    return text


def _mail(text: str) -> str:
    try:
        return normalise_email(text).value
    except BadAddress as error:
        raise BadRow(str(error)) from None


def _divided(name: str) -> tuple[str, str, str]:
    """山田 太郎 into both; without a space it is the family name's place that keeps it."""
    return name.replace("\u3000", " ").strip().partition(" ")
