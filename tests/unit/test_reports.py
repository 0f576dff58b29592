"""Lengths of time in buckets, lines of a picture, cells of a spreadsheet."""

from __future__ import annotations

from collections import Counter
from xml.etree import ElementTree as Tree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jouren.reports.durations import bucket_of, quantile
from jouren.reports.exports import harmless
from jouren.reports.picture import WIDTH, draw, wrap
from jouren.reports.queries import StepReport
from jouren.reports.rows import Row


@given(st.lists(st.floats(60, 3e8), min_size=1), st.sampled_from([0.5, 0.9]))
def test_a_quantile_is_right_to_one_per_cent(lengths: list[float], share: float) -> None:
    told = quantile(Counter(map(bucket_of, lengths)), share)
    exact = next(value for place, value in enumerate(sorted(lengths), start=1) if place >= share * len(lengths))
    assert told == pytest.approx(exact, rel=0.01)


def test_of_nobody_there_is_no_quantile() -> None:
    assert quantile({}, 0.5) is None
    assert quantile({bucket_of(3): 4}, 0.9) == 0.0


@given(st.text(max_size=200), st.integers(8, 60))
def test_wrapped_lines_are_no_wider_than_allowed(text: str, marks: int) -> None:
    lines = wrap(text, marks)
    assert 1 <= len(lines) <= 3
    assert all(len(line) <= marks for line in lines)


def test_words_are_kept_whole_and_what_is_too_long_ends_in_an_ellipsis() -> None:
    assert wrap("Wait until seven days after entry", 20) == ["Wait until seven", "days after entry"]
    assert wrap("あいうえおかきくけこさしすせそ", 8) == ["あいうえ", "おかきく", "けこさ…"]


def test_the_picture_holds_what_authors_wrote_as_text_only() -> None:
    figures = StepReport(here=3, left=1, went=Counter({"x": 8, None: 2}))
    rows = [
        Row("<script>alert(1)</script>", 0, figures, figures.came),
        Row("then & so", 1, None, 8, 0.8),
        Row("A step within", 2, StepReport(), 0, waits=True),
        Row("otherwise", 1, None, 2, 0.2, is_empty=True),
        Row("Send “x”", 0, StepReport(sent=2), 0, sends=True),
    ]
    picture = draw(rows, "The flow of <b>")
    root = Tree.fromstring(picture)
    assert root.attrib["width"] == str(WIDTH)
    texts = [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")]
    assert texts[:2] == ["<script>alert(1)</script>", "14 people · 3 here now · 1 left"]
    assert "then & so 80% (8)" in texts
    assert "<script>" not in picture


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "  =1", "＝1"])
def test_a_cell_is_no_formula(text: str) -> None:
    assert harmless(text) == f"'{text}"


def test_other_cells_stay_as_they_are() -> None:
    assert harmless("Wait 3 days - or more") == "Wait 3 days - or more"
