"""Comparisons in words: what is said of few people, of many, and how long it will be."""

from __future__ import annotations

import pytest
from django.utils.translation import override

from jouren.backoffice.comparing import Told, signed, tell_comparison, weeks_text
from jouren.core.comparison import Group, Side, compare

LABELS = ("Bought with it", "Bought without it")


def told(treated: Group, held: Group, weeks: float | None = 5.2, language: str = "en") -> Told:
    sides = (Side(treated.people + 7, treated.people), Side(held.people, held.people))
    with override(language):
        return tell_comparison(compare(treated, held, 0.2), sides, LABELS, 0.2, weeks)


def test_of_too_few_nothing_is_said_but_how_many_are_missing_and_how_long_it_will_be() -> None:
    said = told(Group(300, 30), Group(60, 3))
    assert (said.heading, said.tone) == ("Too few to tell: 40 people more are needed in the smaller group.", "")
    assert said.lines[0] == "From 100 people in each group on, the difference is shown with its range."
    assert said.lines[-1] == "At the present pace it is known in about 6 weeks."
    assert not any("more reach it" in line for line in said.lines)


def test_each_group_has_a_bar_with_its_counts() -> None:
    first, second = told(Group(300, 30, 30, 90_000), Group(60, 3)).bars
    assert (first.label, first.reached, first.rate, first.width, first.money, first.waiting) == (
        "Bought with it",
        "30 of 300 people",
        "10.0 %",
        100,
        "300 yen a person",
        "7 people still in their time",
    )
    assert (second.rate, second.width, second.waiting) == ("5.0 %", 50, "")


def test_before_the_planned_number_it_is_early_however_good_it_looks() -> None:
    said = told(Group(900, 180), Group(100, 5))
    assert said.heading == "So far it looks as if it brings more, but it is too early to know."
    assert said.tone == ""
    assert said.lines[0] == "Of 100 people, +15.0 more reach it. The true figure may lie between +8.3 and +18.9."


@pytest.mark.parametrize(
    ("treated", "held", "heading", "tone"),
    [
        (Group(20_000, 3_000), Group(20_000, 2_000), "It brings more: this is hardly chance.", "good"),
        (Group(20_000, 2_000), Group(20_000, 3_000), "It brings less: this is hardly chance.", "bad"),
        (Group(20_000, 2_000), Group(20_000, 2_000), "No difference was found that is larger than chance.", ""),
    ],
)
def test_with_enough_people_it_is_said_outright(treated: Group, held: Group, heading: str, tone: str) -> None:
    said = told(treated, held)
    assert (said.heading, said.tone) == (heading, tone)
    assert not any("present pace" in line for line in said.lines)


def test_where_nobody_came_without_it_the_ratio_is_left_out() -> None:
    said = told(Group(200, 20), Group(150, 0))
    assert not any("Compared with the group without it" in line for line in said.lines)


@pytest.mark.parametrize(
    ("weeks", "text"),
    [
        (0.2, "いまのペースでは、あと約1週間でわかります。"),
        (5.2, "いまのペースでは、あと約6週間でわかります。"),
        (105.0, "いまのペースでは2年以上かかります。控える割合を増やすか、より多くの方が達する成果を選んでください。"),
        (None, "この4週間、受けなかった方が1人も増えていないため、あとどれくらいかかるかは言えません。"),
    ],
)
def test_how_long_it_will_be_is_said_in_words(weeks: float | None, text: str) -> None:
    with override("ja"):
        assert weeks_text(weeks) == text


@pytest.mark.parametrize(
    ("number", "digits", "text"),
    [(1234.56, 1, "+1,234.6"), (-0.31, 1, "−0.3"), (-0.04, 1, "0.0"), (0, 0, "0"), (-1500, 0, "−1,500")],
)
def test_a_difference_shows_its_sign(number: float, digits: int, text: str) -> None:
    assert signed(number, digits) == text
