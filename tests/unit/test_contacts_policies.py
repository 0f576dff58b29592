"""Names and addresses: how they are cleaned, shown, sorted and found."""

from __future__ import annotations

import pytest
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from jouren.contacts.addresses import normalise_email
from jouren.contacts.errors import BadAddress, BadName, BadValue
from jouren.contacts.policies import (
    addressee,
    check_zone,
    clean_name,
    clean_text,
    display_name,
    fold,
    kana_key,
    query_tokens,
    search_tokens,
    zone_of,
)


@pytest.mark.parametrize(
    ("written", "normal", "odd"),
    [
        ("taro@example.jp", "taro@example.jp", False),
        (" Taro.Yamada+shop@Example.JP\n", "taro.yamada+shop@example.jp", False),
        ("ｔａｒｏ＠ｅｘａｍｐｌｅ．ｊｐ", "taro@example.jp", False),
        ("taro@日本語.jp", "taro@xn--wgv71a119e.jp", False),
        ("taro..yamada.@docomo.ne.jp", "taro..yamada.@docomo.ne.jp", True),
        (".taro@ezweb.ne.jp", ".taro@ezweb.ne.jp", True),
        ("a" * 64 + "@example.jp", "a" * 64 + "@example.jp", False),
    ],
)
def test_an_address_has_one_normal_form(written: str, normal: str, odd: bool) -> None:
    address = normalise_email(written)
    assert (address.value, address.is_odd) == (normal, odd)


@pytest.mark.parametrize(
    "written",
    [
        "",
        " ",
        "taro",
        "@example.jp",
        "taro@",
        "a@b@example.jp",
        "taro yamada@example.jp",
        "taro@example.jp\nBcc: all@example.jp",
        "taro\x00@example.jp",
        "-taro@example.jp",
        "taro@localhost",
        "taro@-example.jp",
        "taro@example..jp",
        "taro@192.0.2.1",
        "taro@[192.0.2.1]",
        "taro@example.jp.",
        "taro..yamada@example.jp",
        "taro..yamada@notdocomo.ne.jp",
        '"taro"@example.jp',
        "<taro@example.jp>",
        "太郎@example.jp",
        "taro@exa\u200bmple_.jp",
        "a" * 65 + "@example.jp",
        "taro@" + "a" * 64 + ".jp",
        "taro@" + "a." * 130 + "jp",
        "a" * 100_000 + "@example.jp",
    ],
)
def test_what_is_no_address_is_refused(written: str) -> None:
    with pytest.raises(BadAddress):
        normalise_email(written)


@given(st.text(max_size=80))
def test_any_text_is_an_address_or_refused_and_a_normal_form_stays(text: str) -> None:
    try:
        address = normalise_email(text)
    except BadAddress:
        return
    assert normalise_email(address.value) == address
    assert address.value.isascii()
    assert address.value.isprintable()


def test_names_stand_in_the_order_of_the_language() -> None:
    assert display_name("山田", "太郎", "ja") == "山田 太郎"
    assert display_name("Yamada", "Taro", "en-US") == "Taro Yamada"


@pytest.mark.parametrize(
    ("family", "given_name", "language", "expected"),
    [
        ("山田", "太郎", "ja", "山田 太郎 様"),
        ("", "太郎", "ja", "太郎 様"),
        ("", "", "ja", "お客様"),
        (" ", "\u3000", "ja", "お客様"),
        ("Yamada", "Taro", "en", "Taro Yamada"),
    ],
)
def test_nobody_is_addressed_as_sama_alone(family: str, given_name: str, language: str, expected: str) -> None:
    assert addressee(family, given_name, language) == expected


def test_the_nameless_are_addressed_in_their_language_not_in_the_shops() -> None:
    with override("ja"):
        assert addressee("", "", "en") == "customer"


def test_names_lose_what_nobody_can_see_and_keep_their_variant_ideographs() -> None:
    assert clean_name("\u202e山\x00田\u200b\n太郎") == "山田 太郎"
    assert clean_name("\ufa11田\ufa19谷") == "\ufa11田\ufa19谷"
    assert clean_name("か\u3099") == "が"


def test_a_long_name_is_refused() -> None:
    assert clean_name("あ" * 100) == "あ" * 100
    for length in (101, 10_000):
        with pytest.raises(BadName, match="100"):
            clean_name("あ" * length)


@given(st.text())
def test_cleaning_is_done_after_once(text: str) -> None:
    assert clean_text(clean_text(text)) == clean_text(text)


def test_people_are_sorted_as_a_dictionary_sorts_kana() -> None:
    names = ["さとう", "ガアル", "カキ", "かき", "がき", "ｻｲﾄｳ", "キャット", "キヤツト", "コーヒー", "コウモリ"]
    keys = sorted(names, key=lambda name: kana_key(name, "").encode())
    assert keys == ["ガアル", "カキ", "かき", "がき", "キャット", "キヤツト", "コウモリ", "コーヒー", "ｻｲﾄｳ", "さとう"]


def test_without_kana_the_name_and_without_a_name_something_else_sorts() -> None:
    assert kana_key("", "", "山田", "太郎").startswith("山田太郎")
    assert kana_key("", "", other="Taro").startswith("taro")
    assert kana_key("", "") == ""


@given(st.text(min_size=1, max_size=30), st.data())
def test_every_part_of_a_text_finds_it(text: str, data: st.DataObject) -> None:
    folded = fold(text)
    if not folded:
        return
    start = data.draw(st.integers(0, len(folded) - 1))
    end = data.draw(st.integers(start + 1, len(folded)))
    part = folded[start:end] if end - start > 1 else folded[0]
    assert set(query_tokens(part)) <= set(search_tokens([text]))


def test_an_unknown_zone_is_refused_when_set_and_harmless_when_met() -> None:
    assert check_zone("") == "Asia/Tokyo"
    with pytest.raises(BadValue):
        check_zone("../../etc/passwd")
    for broken in ("", "Nowhere/Land", "../../etc/passwd", "\x00"):
        assert zone_of(broken).key == "Asia/Tokyo"
