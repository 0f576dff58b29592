"""Pure rules of capture."""

from __future__ import annotations

import pytest

from jouren.capture.policies import clean_text, has_unreadable, mask_address, read_referrer, read_utm


@pytest.mark.parametrize(
    ("referrer", "kept"),
    [
        ("https://search.example/results?q=my+name#x", "https://search.example/results"),
        ("https://user:secret@site.example/a", "https://site.example/a"),
        ("https://shop.example/skin/", ""),
        ("https://shop.example:8000/", "https://shop.example:8000/"),
        ("android-app://com.example", ""),
        ("javascript:alert(1)", ""),
        ("http://[broken", ""),
        ("", ""),
    ],
)
def test_of_a_referrer_only_the_place_is_kept(referrer: str, kept: str) -> None:
    assert read_referrer(referrer, "shop.example") == kept


def test_campaign_fields_are_cleaned_and_cut() -> None:
    query = {"utm_source": " blog\x00\n ", "utm_medium": "", "utm_term": "x" * 500, "other": "y"}
    assert read_utm(query) == {"utm_source": "blog", "utm_term": "x" * 100}


def test_cleaning_leaves_what_people_write() -> None:
    assert clean_text("  髙橋 𠮷田 👩‍👩‍👧 \x07", 50) == "髙橋 𠮷田 👩‍👩‍👧"


@pytest.mark.parametrize("text", ["a\x00b", "bell\x07", "\ufffd", "\u202eabc", "\u2066abc", "\ud800"])
def test_what_no_person_types_is_found(text: str) -> None:
    assert has_unreadable(text)


@pytest.mark.parametrize("text", ["", "山田", "two\nlines\ttab", "👩‍👩‍👧", "﨑", "O’Brien"])
def test_what_people_type_is_readable(text: str) -> None:
    assert not has_unreadable(text)


@pytest.mark.parametrize(
    ("address", "masked"), [("hanako@example.jp", "h•••@example.jp"), ("a@b.example", "a•••@b.example")]
)
def test_an_address_is_masked(address: str, masked: str) -> None:
    assert mask_address(address) == masked
