"""Amounts are written by people and kept as whole numbers."""

from __future__ import annotations

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from jouren.core.money import MINOR_DIGITS, MOST, BadAmount, money_text, plain_amount, read_amount


@pytest.mark.parametrize(
    ("text", "currency", "amount"),
    [
        ("3980", "JPY", 3980),
        (" 3,980 ", "JPY", 3980),
        ("３，９８０円", "JPY", 3980),
        ("¥3,980", "JPY", 3980),
        ("￥980", "JPY", 980),
        ("0", "JPY", 0),
        ("980.00", "JPY", 980),
        ("9.8", "USD", 980),
        ("9.80", "EUR", 980),
        ("10", "USD", 1000),
        ("1000000000000", "JPY", MOST),
    ],
)
def test_an_amount_is_read_as_people_write_it(text: str, currency: str, amount: int) -> None:
    assert read_amount(text, currency) == amount


@pytest.mark.parametrize(
    ("text", "currency", "reason"),
    [
        ("", "JPY", "as a number"),
        ("-1", "JPY", "as a number"),
        ("1e3", "JPY", "as a number"),
        ("nan", "JPY", "as a number"),
        ("九百", "JPY", "as a number"),
        ("1.2.3", "USD", "as a number"),
        ("980.5", "JPY", "JPY has no decimals"),
        ("9.805", "USD", "USD has 2 decimals at most"),
        ("1000000000001", "JPY", "too large"),
        ("9" * 16, "JPY", "as a number"),
    ],
)
def test_what_is_no_amount_is_refused_with_the_reason(text: str, currency: str, reason: str) -> None:
    with translation.override("en"), pytest.raises(BadAmount, match=reason):
        read_amount(text, currency)


@given(st.integers(0, MOST), st.sampled_from(sorted(MINOR_DIGITS)))
def test_what_a_form_shows_is_read_back(amount: int, currency: str) -> None:
    assert read_amount(plain_amount(amount, currency), currency) == amount


@pytest.mark.parametrize(
    ("amount", "currency", "language", "text"),
    [
        (3980, "JPY", "en", "¥3,980"),
        (3980, "JPY", "ja", "3,980円"),
        (-120, "JPY", "en", "−¥120"),
        (980, "USD", "en", "USD 9.80"),
        (-5, "USD", "ja", "−USD 0.05"),
        (123456789, "EUR", "en", "EUR 1,234,567.89"),
    ],
)
def test_an_amount_is_told_in_the_readers_language(amount: int, currency: str, language: str, text: str) -> None:
    with translation.override(language):
        assert money_text(amount, currency) == text
