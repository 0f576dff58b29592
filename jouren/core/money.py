"""Amounts of money: whole numbers of a currency's smallest unit (yen for JPY, cents for USD). Never floats.

How many digits a currency's smallest unit has is of ISO 4217.
"""

from __future__ import annotations

import re
import unicodedata

from django.utils.translation import gettext as _

from jouren.core.errors import UserError

DEFAULT_CURRENCY = "JPY"
MINOR_DIGITS = {"JPY": 0, "USD": 2, "EUR": 2}
"""The currencies in which prices can be set, with the digits of their smallest unit."""

MOST = 10**12
_SIGNS = re.compile(r"[\s,¥円]")
_AMOUNT = re.compile(r"(\d{1,15})(?:\.(\d{1,6}))?")


class BadAmount(UserError):
    """What was written is no amount of the currency."""


def read_amount(text: str, currency: str) -> int:
    """The amount that somebody wrote: ``3,980``, ``３９８０円``; ``9.80`` in USD is 980.

    Raises:
        BadAmount: it is none, is negative, too large, or has more digits than the currency.
    """
    digits = MINOR_DIGITS[currency]
    found = _AMOUNT.fullmatch(_SIGNS.sub("", unicodedata.normalize("NFKC", text)))
    if found is None:
        raise BadAmount(_("Write the amount as a number, such as 3,980."))
    whole, fraction = found[1], (found[2] or "").rstrip("0")
    if len(fraction) > digits:
        if not digits:
            raise BadAmount(_("%(currency)s has no decimals: write a whole number.") % {"currency": currency})
        message = _("%(currency)s has %(digits)s decimals at most.")
        raise BadAmount(message % {"currency": currency, "digits": digits})
    amount = int(whole + fraction.ljust(digits, "0"))
    if amount > MOST:
        raise BadAmount(_("The amount is too large."))
    return amount


def plain_amount(amount: int, currency: str) -> str:
    """The amount as digits alone, as a form's field shows it; :func:`read_amount` reads it back."""
    digits = MINOR_DIGITS.get(currency, 0)
    whole, fraction = divmod(abs(amount), 10**digits)
    sign = "-" if amount < 0 else ""
    return f"{sign}{whole}.{fraction:0{digits}d}" if digits else f"{sign}{whole}"


def money_text(amount: int, currency: str) -> str:
    """The amount in the reader's language: ¥3,980, USD 9.80."""
    digits = MINOR_DIGITS.get(currency, 0)
    whole, fraction = divmod(abs(amount), 10**digits)
    text = f"{whole:,}.{fraction:0{digits}d}" if digits else f"{whole:,}"
    text = _("¥%(amount)s") % {"amount": text} if currency == "JPY" else f"{currency} {text}"
    return f"−{text}" if amount < 0 else text
