"""What connectors read requests with: JSON without floats, money, moments, names. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _

from jouren.connectors.errors import Unusable
from jouren.events.types import MAX_PAYLOAD_BYTES, can_be_kept

_MOST_LINES = 100
_MOST_DIGITS = 15
# ISO 4217: all other currencies have two digits after the point.
_NO_DIGITS = frozenset(
    "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split()  # noqa: SIM905 — a table
)
_THREE_DIGITS = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})
_IDEOGRAPHS = re.compile("[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff々]")


def read_json(body: bytes) -> dict[str, Any]:
    """A request's JSON object; numbers with a point are Decimal. Raises Unusable."""
    try:
        data = json.loads(body, parse_float=Decimal, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise Unusable(_("The request is not JSON.")) from None
    if not isinstance(data, dict):
        raise Unusable(_("The request is no JSON object."))
    return data


def _no_constant(name: str) -> None:
    raise ValueError(name)


def text_of(data: Mapping[str, Any], name: str, limit: int = 300) -> str:
    """A text or a whole number of ``data`` as a text; empty when it is missing or null. Raises Unusable for others."""
    value = data.get(name)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise Unusable(_("“%(name)s” must be a text.") % {"name": name})
    text = str(value).strip()
    if not can_be_kept(text):
        raise Unusable(_("“%(name)s” has characters that cannot be kept.") % {"name": name})
    return text[:limit]


def needed(data: Mapping[str, Any], name: str, limit: int = 100) -> str:
    """The same, where it must be there. Raises Unusable."""
    text = text_of(data, name, limit + 1)
    if not text or len(text) > limit:
        raise Unusable(_("“%(name)s” must have 1 to %(limit)s characters.") % {"name": name, "limit": limit})
    return text


def object_of(data: Mapping[str, Any], name: str) -> dict[str, Any]:
    """An object within ``data``; empty when it is missing, null, or something else (an id in place of the thing)."""
    value = data.get(name)
    return value if isinstance(value, dict) else {}


def objects_of(data: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """A list of objects within ``data``; empty when it is missing or null. Raises Unusable for anything else."""
    value = data.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise Unusable(_("“%(name)s” must be a list of objects.") % {"name": name})
    return value


def whole_of(data: Mapping[str, Any], name: str) -> int:
    """A whole number of ``data``. Raises Unusable when it is none."""
    value = data.get(name)
    if isinstance(value, Decimal) and value == value.to_integral_value():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= 10**_MOST_DIGITS:
        raise Unusable(_("“%(name)s” must be a whole number.") % {"name": name})
    return value


def currency_of(text: str) -> str:
    """A currency's three letters. Raises Unusable."""
    code = text.strip().upper()
    if len(code) != 3 or not code.isascii() or not code.isalpha():
        raise Unusable(_("“%(code)s” is no currency.") % {"code": text[:20]})
    return code


def minor_digits(currency: str) -> int:
    """How many digits the smallest unit of a currency has."""
    return 0 if currency in _NO_DIGITS else 3 if currency in _THREE_DIGITS else 2


def decimal_of(value: object, name: str) -> Decimal:
    """An amount as a shop writes it, ``"1980.00"``, ``1980`` or ``19.8``, exactly. Raises Unusable."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise Unusable(_("“%(name)s” must be an amount.") % {"name": name})
    try:
        amount = Decimal(value.strip() if isinstance(value, str) else value)
    except InvalidOperation:
        raise Unusable(_("“%(name)s” must be an amount.") % {"name": name}) from None
    if not amount.is_finite() or abs(amount.adjusted()) > _MOST_DIGITS:
        raise Unusable(_("“%(name)s” must be an amount.") % {"name": name})
    return amount


def minor_amount(value: object, currency: str, name: str) -> int:
    """An amount in the currency's smallest unit: ``"19.80"`` USD is 1980, ``"1980.00"`` JPY is 1980.

    Raises:
        Unusable: it is none, is negative, or has a part smaller than that unit.
    """
    amount = decimal_of(value, name).scaleb(minor_digits(currency))
    if amount < 0:
        raise Unusable(_("“%(name)s” is negative.") % {"name": name})
    if amount != amount.to_integral_value():
        raise Unusable(_("“%(name)s” has more digits than %(currency)s.") % {"name": name, "currency": currency})
    return int(amount)


def moment_of(data: Mapping[str, Any], name: str) -> datetime | None:
    """A moment of ``data``, with its time zone: of ISO 8601, or seconds since 1970. None when missing or null.

    Raises:
        Unusable: it is none, or of before 2000, as a forgotten 0 is.
    """
    value = data.get(name)
    if value is None or value == "":
        return None
    try:
        if isinstance(value, str):
            moment = datetime.fromisoformat(value.strip())
        elif isinstance(value, int) and not isinstance(value, bool):
            moment = datetime.fromtimestamp(value, UTC)
        else:
            raise TypeError
    except (TypeError, ValueError, OverflowError, OSError):
        moment = None
    if moment is None or moment.tzinfo is None:
        raise Unusable(_("“%(name)s” must be a date and time with its time zone.") % {"name": name})
    if moment.year < 2000:
        raise Unusable(_("“%(name)s” lies before 2000.") % {"name": name})
    return moment.astimezone(UTC)


def needed_moment(data: Mapping[str, Any], *names: str) -> datetime:
    """The first of these moments that is there. Raises Unusable."""
    for name in names:
        if (moment := moment_of(data, name)) is not None:
            return moment
    raise Unusable(_("“%(name)s” must be a date and time with its time zone.") % {"name": names[0]})


def names_of(family: str, given: str) -> dict[str, str]:
    """The parts of a name that are there, as people keep them."""
    parts = {"family_name": family[:100], "given_name": given[:100]}
    return {name: part for name, part in parts.items() if part}


def split_name(whole: str) -> dict[str, str]:
    """A whole name in parts: 山田 太郎 has the family name first, Taro Yamada last. A single word is a family name."""
    words = whole.split()
    if len(words) < 2:
        return names_of("".join(words), "")
    if _IDEOGRAPHS.search(whole):
        return names_of(words[0], " ".join(words[1:]))
    return names_of(words[-1], " ".join(words[:-1]))


def percent_text(rate: Decimal) -> str:
    """A tax rate as a share, 0.08, in percent: ``8``."""
    text = f"{rate * 100:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def order_payload(order: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The payload of an order's event, within what an event may hold: names of products go first, then the lines.

    ``order``'s empty fields are left out; the codes of all lines are its products.
    """
    payload = {name: value for name, value in order.items() if value not in ("", None, {}, [])}
    codes = list(dict.fromkeys(str(line["code"]) for line in lines))[:_MOST_LINES]
    payload["products"] = [*dict.fromkeys([*payload.get("products", []), *codes])][:_MOST_LINES]
    if not 0 < len(lines) <= _MOST_LINES:
        return payload
    plain = [{name: value for name, value in line.items() if value not in ("", None)} for line in lines]
    short = [{name: value for name, value in line.items() if name != "name"} for line in plain]
    for kept in (plain, short):
        if (
            len(json.dumps({**payload, "lines": kept}, ensure_ascii=False).encode(errors="replace"))
            <= MAX_PAYLOAD_BYTES
        ):
            return {**payload, "lines": kept}
    return payload
