"""Whatever colour a shop chooses, its pages can be read, by day and by night."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import jouren.capture
from jouren.capture.theme import DAY, DEFAULT_COLOUR, NIGHT, Theme, palette, stylesheet, theme_name
from jouren.core.colours import (
    BLACK,
    EDGE_CONTRAST,
    TEXT_CONTRAST,
    WHITE,
    Colour,
    contrast,
    luminance,
    parse_colour,
    readable,
    text_on,
)

_CSS = (Path(jouren.capture.__file__).parent / "static" / "capture" / "public.css").read_text()
_BLOCKS = [dict(re.findall(r"--([\w-]+): (#\w{6});", block)) for block in re.findall(r":root \{(.*?)\}", _CSS, re.S)]
_channels = st.integers(0, 255)
colours = st.tuples(_channels, _channels, _channels)


def _painted(theme: Theme, name: str) -> Colour:
    """A variable of public.css that no shop's colour changes."""
    night = _BLOCKS[1] if theme is NIGHT else {}
    colour = parse_colour(night.get(name) or _BLOCKS[0][name])
    assert colour is not None
    return colour


@pytest.mark.parametrize("theme", [DAY, NIGHT], ids=["day", "night"])
@settings(max_examples=150)
@given(colour=colours)
@example(colour=WHITE)
@example(colour=BLACK)
@example(colour=(255, 255, 0))
@example(colour=(118, 118, 118))
def test_everything_on_a_page_can_be_read_in_every_colour(theme: Theme, colour: Colour) -> None:
    found = palette(colour, theme)
    grounds = [theme.paper, theme.card, found["tint"]]
    texts = [found["accent"], found["accent-deep"], *(_painted(theme, name) for name in ("ink", "soft", "good"))]
    for ground in grounds:
        assert min(contrast(text, ground) for text in texts) >= TEXT_CONTRAST
        assert contrast(found["button-edge"], ground) >= EDGE_CONTRAST
    for button in ("button", "button-hover"):
        assert contrast(found[button], found["on-button"]) >= TEXT_CONTRAST
    assert contrast(_painted(theme, "bad"), _painted(theme, "bad-tint")) >= TEXT_CONTRAST
    assert contrast(_painted(theme, "bad"), theme.card) >= TEXT_CONTRAST


@settings(max_examples=100)
@given(colour=colours)
def test_by_day_a_button_has_the_very_colour_of_the_shop(colour: Colour) -> None:
    assert palette(colour, DAY)["button"] == colour
    assert contrast(text_on(colour), colour) >= TEXT_CONTRAST


def test_a_colour_that_can_be_read_stays_as_it_is() -> None:
    assert readable((31, 111, 84), [WHITE], BLACK) == (31, 111, 84)


def test_where_nothing_stands_out_enough_the_most_that_can_be_is_given() -> None:
    assert readable((120, 120, 120), [(110, 110, 110)], BLACK, ratio=20) == BLACK


def test_contrast_is_that_of_wcag() -> None:
    assert (luminance(BLACK), luminance(WHITE)) == (0, pytest.approx(1))
    assert contrast(BLACK, WHITE) == contrast(WHITE, BLACK) == pytest.approx(21)
    # The grey that is known as the lightest with 4.5 on white.
    assert contrast((118, 118, 118), WHITE) == pytest.approx(4.54, abs=0.005)


@pytest.mark.parametrize(("theme", "block"), [(DAY, 0), (NIGHT, 1)], ids=["day", "night"])
def test_the_theme_without_a_colour_is_what_its_default_colour_gives(theme: Theme, block: int) -> None:
    default = parse_colour(DEFAULT_COLOUR)
    assert default is not None
    expected = palette(default, theme) | {"paper": theme.paper, "card": theme.card}
    assert {name: parse_colour(_BLOCKS[block][name]) for name in expected} == expected
    assert theme_name(DEFAULT_COLOUR) == theme_name("") == ""


@pytest.mark.parametrize(
    "text", ["", "red", "#fff", "#12345g", "#123456;}", "#123456\n", "#12345６", "#123456}*{color:red", "</style>"]
)
def test_what_is_no_colour_gives_no_style(text: str) -> None:
    assert (stylesheet(text), theme_name(text), parse_colour(text)) == ("", "", None)


def test_a_stylesheet_is_made_of_variables_alone() -> None:
    lines = stylesheet("#C0FFEE").splitlines()
    rule = r":root \{ (--[a-z-]+: #[0-9a-f]{6}; ?)+\}"
    assert re.fullmatch(rule, lines[0])
    assert re.fullmatch(rf"@media \(prefers-color-scheme: dark\) \{{ {rule} \}}", lines[1])
    assert "--button: #c0ffee;" in lines[0]
