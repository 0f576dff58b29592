"""What cells say: moments, days, amounts, yes and no, how far an order is. Pure; no floats."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo

from django.utils.translation import gettext as _

from jouren.core.money import DEFAULT_CURRENCY, MINOR_DIGITS, BadAmount, read_amount
from jouren.imports.errors import BadRow

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
EARLIEST_BIRTH = date(1900, 1, 1)
LATEST_AHEAD = timedelta(days=1)  # clocks differ
_MOMENT = re.compile(
    r"(?P<year>\d{4})\s*[-/.年]\s*(?P<month>\d{1,2})\s*[-/.月]\s*(?P<day>\d{1,2})\s*日?"
    r"(?:\s*[(][月火水木金土日][)])?"
    r"(?:[T\s]*(?P<half>午前|午後)?\s*(?P<hour>\d{1,2})\s*[:時]\s*(?P<minute>\d{1,2})\s*"
    r"(?:[:分]\s*(?:(?P<second>\d{1,2})(?:\.\d+)?\s*秒?)?)?\s*"
    r"(?P<zone>Z|UTC|JST|[+-]\d{2}:?\d{2})?)?",
    re.IGNORECASE,
)
_DIGITS = re.compile(r"(\d{4})(\d{2})(\d{2})(?:(\d{2})(\d{2})(\d{2})?)?")
_ERA = re.compile(r"(令和|平成|昭和|R|H|S)\s*(\d{1,2}|元)\s*(?:年|[-/.])", re.IGNORECASE)
_ERAS = {"令和": 2018, "R": 2018, "平成": 1988, "H": 1988, "昭和": 1925, "S": 1925}
_YES = frozenset(
    {
        "yes",
        "y",
        "true",
        "1",
        "on",
        "はい",
        "有",
        "あり",
        "可",
        "希望",
        "希望する",
        "同意",
        "同意する",
        "登録",
        "登録する",
    }
    | {
        "受信",
        "受信する",
        "許可",
        "許可する",
        "配信",
        "配信する",
        "配信希望",
        "購読",
        "購読中",
        "subscribed",
        "○",
        "〇",
    }
)
_NO = frozenset(
    {"no", "n", "false", "0", "off", "いいえ", "無", "なし", "不可", "希望しない", "同意しない", "登録しない"}
    | {
        "受信しない",
        "拒否",
        "拒否する",
        "許可しない",
        "配信しない",
        "未登録",
        "解除",
        "配信停止",
        "停止",
        "unsubscribed",
        "not subscribed",
        "×",
    }
)
# Of today, of the years before (3 % until 1997, 5 % until 2014), and none: gift certificates, goods sent abroad.
_RATES = {0: {"0"}, 3: {"3", "0.03"}, 5: {"5", "0.05"}, 8: {"8", "0.08"}, 10: {"10", "0.1"}}
_RATE_WORDS = {"軽減": 8, "標準": 10, "非課税": 0, "不課税": 0, "免税": 0, "対象外": 0}
_AROUND_RATE = re.compile(r"軽減|標準|非課税|不課税|輸出免税|免税|消費税|課税|税率|対象外|対象|[()%]")


def read_moment(text: str, zone: tzinfo, now: datetime) -> datetime:
    """When something was, in ``zone`` where the text names none; a day alone is its beginning.

    Raises:
        BadRow: it is no date, lies before 1990, or in the future.
    """
    at = _moment(text, zone)
    if at < EARLIEST:
        raise BadRow(_("“%(text)s” lies before 1990.") % {"text": text[:40]})
    if at > now + LATEST_AHEAD:
        raise BadRow(_("“%(text)s” lies in the future.") % {"text": text[:40]})
    return at


def _moment(text: str, zone: tzinfo) -> datetime:
    if text[4:5] in {"-", "/"} and text.isascii():
        # How most shops write, and the way that is read quickest.
        try:
            at = datetime.fromisoformat(text.replace("/", "-"))
        except ValueError:
            pass
        else:
            return at if at.tzinfo is not None else at.replace(tzinfo=zone)
    plain = _ERA.sub(_year, unicodedata.normalize("NFKC", text).strip()[:60])
    try:
        if (found := _DIGITS.fullmatch(plain)) is not None:
            return _at([int(part or 0) for part in found.groups()], zone)
        if (found := _MOMENT.fullmatch(plain)) is not None:
            hour = int(found["hour"] or 0)
            if found["half"]:
                hour = hour % 12 + (12 if found["half"] == "午後" else 0)
            day = [int(found[name]) for name in ("year", "month", "day")]
            return _at(
                [*day, hour, int(found["minute"] or 0), int(found["second"] or 0)], _offset(found["zone"]) or zone
            )
    except (ValueError, OverflowError):
        pass
    raise BadRow(_("“%(text)s” is no date. Write it like 2025-04-01 or 2025/4/1 12:30.") % {"text": text[:40]})


def _at(parts: Sequence[int], zone: tzinfo) -> datetime:
    year, month, day, hour, minute, second = parts
    return datetime(year, month, day, hour, minute, second, tzinfo=zone)


def _year(found: re.Match[str]) -> str:
    return f"{_ERAS[found[1].upper()] + (1 if found[2] == '元' else int(found[2]))}/"


def _offset(text: str | None) -> tzinfo | None:
    if not text:
        return None
    name = text.upper()
    if name in {"Z", "UTC"}:
        return UTC
    if name == "JST":
        return timezone(timedelta(hours=9))
    minutes = int(name[1:3]) * 60 + int(name[-2:])
    return timezone(timedelta(minutes=-minutes if name[0] == "-" else minutes))


def read_day(text: str, today: date) -> date:
    """A birthday. Raises BadRow: it is no day, lies before 1900 or in the future."""
    day = _moment(text, UTC).date()
    if not EARLIEST_BIRTH <= day <= today:
        raise BadRow(_("“%(text)s” is no birthday.") % {"text": text[:40]})
    return day


def read_currency(text: str) -> str:
    """A currency's three letters; 円 and ¥ are yen. Raises BadRow for one that cannot be kept."""
    name = text.strip().upper()
    name = DEFAULT_CURRENCY if name in {"円", "¥", "￥", "YEN"} else name
    if name not in MINOR_DIGITS:
        known = ", ".join(MINOR_DIGITS)
        raise BadRow(
            _("The currency “%(text)s” is not known; known are %(known)s.") % {"text": text[:10], "known": known}
        )
    return name


def read_money(text: str, currency: str, *, is_deduction: bool = False) -> int:
    """An amount in the currency's smallest unit. ``is_deduction``: it is one, whether or not it is written as minus.

    Raises:
        BadRow: it is no amount, negative, or has more digits than the currency.
    """
    if text.isdecimal() and text.isascii() and len(text) <= 12:
        return int(text + "0" * MINOR_DIGITS[currency])
    plain = text.strip()
    if is_deduction:
        plain = plain.lstrip("-−－▲△").strip()
    try:
        return read_amount(plain, currency)
    except BadAmount as error:
        raise BadRow(f"“{text[:40]}”: {error}") from None


def read_rate(text: str) -> int:
    """A rate of consumption tax in percent as shops write it: ``8``, ``8%``, ``0.08``, ``軽減``, ``10.0``, ``非課税``.

    Raises:
        BadRow: it is another rate, or none.
    """
    plain = "".join(unicodedata.normalize("NFKC", text).split())
    named = {rate for word, rate in _RATE_WORDS.items() if word in plain}
    number = _AROUND_RATE.sub("", plain)
    if re.fullmatch(r"\d{1,2}\.\d{1,6}", number):
        number = number.rstrip("0").rstrip(".")
    rates = named if not number else {rate for rate, forms in _RATES.items() if number in forms}
    if len(rates) != 1 or len(named | rates) != 1:
        raise BadRow(
            _("“%(text)s” is no tax rate: write 10, 8, 5, 3 or 0, or leave the cell empty.") % {"text": text[:40]}
        )
    return rates.pop()


def read_count(text: str) -> int:
    """A quantity, at least 0; ``2.0`` is 2. Raises BadRow."""
    if text.isdecimal() and text.isascii() and len(text) <= 7:
        return int(text)
    found = re.fullmatch(r"(\d{1,7})(?:\.0+)?", unicodedata.normalize("NFKC", text).replace(",", "").strip())
    if found is None:
        raise BadRow(_("“%(text)s” is no quantity.") % {"text": text[:40]})
    return int(found[1])


def read_flag(text: str) -> bool:
    """Yes or no. Raises BadRow for anything else."""
    plain = unicodedata.normalize("NFKC", text).strip().casefold()
    if plain in _YES:
        return True
    if plain in _NO:
        return False
    raise BadRow(_("“%(text)s” is neither yes nor no.") % {"text": text[:40]})


CANCELLED, REFUNDED, UNPAID, PAID, SHIPPED, NOTHING = "cancelled", "refunded", "unpaid", "paid", "shipped", ""
_STATUS_PARTS = (
    # The first part that stands in the text decides: 未入金 is not 入金, キャンセル待ち is not キャンセル yet.
    (
        NOTHING,
        (
            "キャンセル確定待ち",
            "キャンセル待ち",
            "キャンセル依頼",
            "partially_refunded",
            "partially refunded",
            "一部返金",
        ),
    ),
    (CANCELLED, ("キャンセル", "取消", "取り消し", "cancel", "void", "無効", "不成立")),
    (REFUNDED, ("返金", "返品", "refund")),
    (UNPAID, ("未入金", "入金待", "入金前", "未決済", "未払", "支払待", "支払い待", "決済待", "支払手続き中", "未収")),
    (UNPAID, ("unpaid", "pending", "authorized", "expired", "not paid", "partially_paid")),
    (NOTHING, ("未発送", "発送待", "未出荷", "unfulfilled", "unshipped")),
    (SHIPPED, ("発送済", "出荷済", "配送済", "配達完了", "fulfilled", "shipped", "delivered", "完了")),
    (
        PAID,
        (
            "入金済",
            "支払済",
            "支払い済",
            "支払手続き済",
            "決済済",
            "決済完了",
            "支払完了",
            "paid",
            "captured",
            "succeeded",
        ),
    ),
)


def read_status(text: str, words: dict[str, str] | None = None) -> str:
    """How far an order is, as its shop writes it. ``words``: what a preset knows better. Unknown words say nothing."""
    plain = unicodedata.normalize("NFKC", text).strip().casefold()
    if words and plain in words:
        return words[plain]
    for meaning, parts in _STATUS_PARTS:
        if any(part in plain for part in parts):
            return meaning
    return NOTHING
