"""Voices: what the law forbids in them, how they are shortened, under which name they are shown."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jouren.content.voices.lint import fold, lint
from jouren.content.voices.policies import CUT, Names, clean_words, credited, name_shown, passages


def _found(text: str, goods: str = "", given: str = "nothing") -> set[tuple[str, str]]:
    return {(each.rule, each.level.value) for each in lint(text, goods, given)}


@pytest.mark.parametrize(
    ("text", "goods", "rule", "level"),
    [
        ("長年の肩こりが治りました", "other", "cure", "forbidden"),
        ("悪い癖が治りました", "other", "mend", "doubtful"),
        ("乾燥がなおった気がします", "cosmetic", "mend", "forbidden"),
        ("アトピーが完治しました", "cosmetic", "cure", "forbidden"),
        ("花粉症の季節に飲んでいます", "food", "illness", "doubtful"),
        ("膝の痛みがすっと消えて驚きました", "health_food", "pain", "forbidden"),
        ("シミがいつの間にか消えました", "cosmetic", "spots", "forbidden"),
        ("ｼﾐが薄くなった気がします", "cosmetic", "spots", "forbidden"),
        ("目元のしわが伸びました", "cosmetic", "wrinkles", "forbidden"),
        ("アンチエイジング効果がすごい", "cosmetic", "youth", "forbidden"),
        ("髪が生えてきました", "device", "hair", "forbidden"),
        ("一か月で3キロ痩せました", "health_food", "slimming", "forbidden"),
        ("これを飲んで痩せました", "", "slimming", "doubtful"),
        ("血圧が下がりました", "food", "body", "forbidden"),
        ("便秘が解消しました", "health_food", "body", "forbidden"),
        ("効果を感じています", "cosmetic", "effect", "doubtful"),
        ("副作用が全くないので安心", "food", "side_effects", "forbidden"),
        ("医師も推薦していて安心", "health_food", "professionals", "forbidden"),
        ("絶対に効くのでおすすめ", "other", "guarantee", "forbidden"),
        ("１００％満足できます", "other", "guarantee", "forbidden"),
        ("味は絶対です", "food", "certain", "doubtful"),
        ("Ｎｏ．１だと思います", "food", "best", "doubtful"),
        ("日本一おいしいお茶", "food", "best", "doubtful"),
        ("どこよりも安いです", "food", "cheapest", "doubtful"),
        ("他社の化粧水はひどい", "cosmetic", "others", "doubtful"),
        ("モニターで使いました", "other", "got_something", "doubtful"),
        ("It cured my back", "other", "cure", "forbidden"),
    ],
)
def test_what_says_too_much_is_found_with_its_level(text: str, goods: str, rule: str, level: str) -> None:
    assert (rule, level) in _found(text, goods)


@pytest.mark.parametrize(
    ("text", "goods"),
    [
        ("香りがよく、しっとりして気持ちよく使えます", "cosmetic"),
        ("届くのが早く、説明書も分かりやすかったです", "device"),
        ("明治の頃からの味だそうで、家族みんなで飲んでいます", "food"),
        ("絶対また買います", "food"),
        ("毎朝必ず飲んでいます", "food"),
        ("果汁100%果汁のジュースのようです", "food"),
        ("本のおかげで痩せました", "other"),
        ("売れ筋の11位だそうです", "food"),
        ("Smells lovely and came fast", "cosmetic"),
        ("", ""),
    ],
)
def test_what_tells_of_use_and_taste_is_left_alone(text: str, goods: str) -> None:
    assert _found(text, goods) == set()


def test_a_finding_names_its_place_in_the_text_as_it_was_written() -> None:
    text = "とても良く、ｼﾐが薄くなりました。"
    (finding,) = lint(text, "cosmetic")
    assert text[finding.start : finding.end] == finding.words == "ｼﾐが薄く"
    assert finding.law == "薬機法"
    assert finding.is_forbidden
    assert finding.why
    assert finding.remedy


def test_what_was_given_must_be_shown() -> None:
    text = "モニターで使いましたが、香りがよいです"
    assert _found(text, "cosmetic", "sample") == set()
    (finding,) = lint(text, "cosmetic", "discount", is_marked=False)
    assert (finding.rule, finding.start, finding.is_forbidden) == ("unmarked", 0, True)


@given(st.text(alphabet="ﾊﾞｼﾐa㍿Ａ\u3099絶対治る ", max_size=30))
@settings(max_examples=50, deadline=None)
def test_folding_keeps_places_and_linting_takes_anything(text: str) -> None:
    folded, places = fold(text)
    assert len(folded) == len(places)
    assert all(0 <= start < end <= len(text) for start, end in places)
    for finding in lint(text):
        assert text[finding.start : finding.end] == finding.words


ORIGINAL = "香りがよいです。シミが消えました。また買います。"


@pytest.mark.parametrize(
    ("shown", "left_out"),
    [
        (ORIGINAL, []),
        ("香りがよいです。…また買います。", ["シミが消えました。"]),
        ("…また買います。", ["香りがよいです。シミが消えました。"]),
        ("香りがよいです。…", ["シミが消えました。また買います。"]),
        ("香り…です。…買います。", ["がよい", "シミが消えました。また"]),
    ],
)
def test_leaving_passages_out_is_told(shown: str, left_out: list[str]) -> None:
    told = passages(ORIGINAL, shown)
    assert told is not None
    assert [each.text for each in told if not each.is_shown] == left_out
    assert "".join(each.text for each in told) == ORIGINAL


@pytest.mark.parametrize(
    "shown",
    [
        "",
        "…",
        "…  …",
        "香りがよいです。",
        "香りがとてもよいです。シミが消えました。また買います。",
        "また買います。…香りがよいです。",
        "香りが悪いです。…",
        "香りがよいです。…買います。…また買います。",
    ],
)
def test_adding_changing_turning_round_or_cutting_silently_is_no_shortening(shown: str) -> None:
    assert passages(ORIGINAL, shown) is None


def test_the_persons_own_dots_stay() -> None:
    own = "うーん…よいです"
    assert passages(own, own) is not None
    assert all(each.is_shown for each in passages(own, own) or [])
    assert [each.text for each in passages(own, "…よいです") or [] if not each.is_shown] == ["うーん…"]


@given(st.text(alphabet="ab…\n", min_size=1, max_size=20), st.lists(st.integers(0, 20), max_size=4))
@settings(max_examples=50, deadline=None)
def test_whatever_is_cut_from_an_original_is_a_shortening_of_it(original: str, places: list[int]) -> None:
    edges = sorted({min(place, len(original)) for place in places})
    shown, at = "", 0
    for start, end in zip(edges[::2], edges[1::2], strict=False):
        shown, at = shown + original[at:start] + CUT, end
    shown += original[at:]
    told = passages(original, shown)
    if any(piece.strip() for piece in shown.split(CUT)):
        assert told is not None
        assert "".join(each.text for each in told) == original


YAMADA = Names("山田", "花子", "やまだ", "はなこ")


@pytest.mark.parametrize(
    ("form", "names", "expected"),
    [
        ("full", YAMADA, "山田 花子"),
        ("full", Names("Yamada", "Hanako", language="en"), "Hanako Yamada"),
        ("family", YAMADA, "山田"),
        ("initials", YAMADA, "Y.H."),
        ("initials", Names("千葉", "翔", "チバ", "ショウ"), "C.S."),
        ("initials", Names("Yamada", "Hanako", language="en"), "H.Y."),
        ("initials", Names("山田", "花子"), None),
        ("full", Names("山田"), None),
        ("family", Names(), None),
        ("nickname", YAMADA, "はなちゃん"),
        ("anonymous", YAMADA, ""),
        ("hostile", YAMADA, None),
    ],
)
def test_a_name_is_shown_in_the_form_that_was_chosen(form: str, names: Names, expected: str | None) -> None:
    assert name_shown(form, names, "はなちゃん") == expected


def test_a_name_is_honoured_once_and_never_without_a_name() -> None:
    assert credited("山田", "ja") == "山田さん"
    assert credited("はなちゃん", "ja") == "はなちゃん"
    assert credited("", "ja") == "匿名のお客様"
    assert credited("山田", "en") == "山田"


def test_words_are_kept_line_by_line_without_what_cannot_be_seen() -> None:
    assert clean_words("\n香り が\u202e\r\n\r\n\r\nよい\x00です \n") == "香り が\n\nよいです"
