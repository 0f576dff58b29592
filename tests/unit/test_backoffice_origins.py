"""Where somebody came from is told in words that a shop uses."""

from __future__ import annotations

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from jouren.backoffice.people.origins import describe_origin, tell_origin

CAMPAIGN = {"utm_source": "ig", "utm_medium": "social", "utm_campaign": "yofukashi_2026"}


def test_a_campaign_is_told_in_words() -> None:
    assert describe_origin(CAMPAIGN) == [("From", "Instagram"), ("By", "social media"), ("Campaign", "yofukashi_2026")]
    with translation.override("ja"):
        assert describe_origin(CAMPAIGN) == [
            ("流入元", "Instagram"),
            ("手段", "SNS"),
            ("キャンペーン", "yofukashi_2026"),
        ]


def test_a_line_of_the_timeline_tells_all_of_it() -> None:
    assert tell_origin({"utm_source": "x"}, "https://note.com/a") == "From: X · Link on: note"
    assert tell_origin({}) == ""


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("https://www.google.co.jp/", "a search with Google"),
        ("https://www.google.com/url", "a search with Google"),
        ("https://search.yahoo.co.jp/search", "a search with Yahoo!"),
        ("https://l.instagram.com/", "Instagram"),
        ("https://t.co/abc", "X"),
        ("https://blog.example.jp/tea/sleep/", "blog.example.jp/tea/sleep"),
        ("https://notgoogle.example/", "notgoogle.example"),
        ("https://evilinstagram.com/", "evilinstagram.com"),
        ("http://[", ""),
        ("", ""),
    ],
)
def test_the_page_before_is_known_by_its_name(address: str, words: str) -> None:
    assert describe_origin({}, address) == ([("Link on", words)] if words else [])


def test_what_nobody_knows_is_told_as_it_was_written() -> None:
    assert describe_origin({"utm_source": "<b>x</b>", "utm_medium": "pigeon"}) == [
        ("From", "<b>x</b>"),
        ("By", "pigeon"),
    ]


@given(st.dictionaries(st.sampled_from(["utm_source", "utm_medium", "utm_term"]), st.text() | st.none()), st.text())
def test_nothing_that_strangers_write_breaks_it(utm: dict[str, str | None], referrer: str) -> None:
    assert all(what and words for what, words in describe_origin(utm, referrer))
