"""YAML is read with its lines and without surprises, and written so that it comes back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jouren.files.documents import MAX_BYTES, read_document, write_document
from jouren.files.errors import BadFiles

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
TRICKY = st.sampled_from(["no", "08:00", "1e5", "-.5", "0o7", "1_000", "~", "=", "<<", "a: b", "# x", "a\n\n"])
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**17), 10**17) | TEXTS | TRICKY,
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
    max_leaves=15,
)


@given(st.dictionaries(TEXTS, PLAIN))
def test_what_is_written_comes_back_and_is_written_alike(data: dict[str, Any]) -> None:
    written = write_document(data)
    assert read_document(written, "x").plain == data
    assert write_document(read_document(written, "x").plain) == written


def test_plain_words_mean_what_they_look_like() -> None:
    read = read_document(b"a: no\nb: 8:00\nc: 012\nd: true\ne: 3\nf: 1.5\ng:\nh: 2026-11-22\n", "x")
    assert read.plain == {"a": "no", "b": "8:00", "c": "012", "d": True, "e": 3, "f": 1.5, "g": None, "h": "2026-11-22"}
    assert read.lines["e"] == 5


BOMB = b"a: &a [x,x]\nb: &b [*a,*a]\n"


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (BOMB, "f:1: Anchors (&) and aliases (*) are not allowed. Write it out."),
        (b"a: 1\na: 2\n", "f:2: The key “a” is written twice, first on line 1. Remove one."),
        (b"a: !!python/object/apply:os.system [x]\n", "f:1: Tags (!) are not allowed."),
        (b"a: 1\n---\nb: 2\n", "f:2: A file holds one document only. Remove what comes after “---”."),
        (b"\xff\xfe", "f: The file is not in UTF-8. Save it in UTF-8."),
        (b"", "f: The file is empty."),
        (b'a: "\\0"\n', "f:1: The text has a character that cannot be stored."),
        (b"[" * 2000, "f:1: This is nested too deeply."),
        (b"a" * (MAX_BYTES + 1), "f: The file is larger than 1000 KB."),
        (b"? [a]\n: b\n", "f:1: A key must be a word."),
    ],
)
def test_what_is_hostile_or_broken_is_refused_with_its_line(source: bytes, told: str) -> None:
    with pytest.raises(BadFiles) as refused:
        read_document(source, "f")
    assert str(refused.value) == told


def test_broken_yaml_names_the_line() -> None:
    with pytest.raises(BadFiles) as refused:
        read_document(b"a: 1\nb: [\nc: 2\n", "f")
    assert refused.value.problems[0].line == 4
