"""Bytes become rows: whatever the encoding, however broken, and never much of the file at once."""

from __future__ import annotations

import csv
import io
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jouren.imports.errors import BadFile
from jouren.imports.reading import MAX_ROW, find_encoding, find_form, read_rows

CELLS = st.text(st.sampled_from('aあ表ソ髙①,;\t"\n =+-@\\'), max_size=6)
# A heading of its own is written before them.
WORDS = st.text(st.sampled_from("aあ表ソ"), min_size=1, max_size=5).filter(lambda word: word != "ソ表あ")


@settings(max_examples=60, deadline=None)
@given(
    header=st.lists(WORDS, min_size=2, max_size=4, unique=True),
    rows=st.lists(st.lists(CELLS, min_size=2, max_size=2), max_size=5),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "cp932", "utf-16"]),
    mark=st.sampled_from(",\t;"),
    newline=st.sampled_from(["\n", "\r\n"]),
)
def test_what_was_written_is_read_in_whatever_encoding_and_with_whatever_mark(
    header: list[str], rows: list[list[str]], encoding: str, mark: str, newline: str
) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=mark, lineterminator=newline).writerows([["ソ表あ", *header], *rows])
    file = io.BytesIO(text.getvalue().encode(encoding))
    form = find_form(file)
    assert (form.delimiter, form.header) == (mark, ("ソ表あ", *header))
    assert [row.cells for row in read_rows(file, form)] == [row for row in rows if any(map(str.strip, row))]


def test_lines_are_those_of_the_file_though_cells_hold_line_breaks() -> None:
    file = io.BytesIO(b'a,b\n1,"x\ny"\n\n2,z\n')
    assert [(row.line, row.cells) for row in read_rows(file, find_form(file))] == [
        (2, ["1", "x\ny"]),
        (5, ["2", "z"]),
    ]


@pytest.mark.parametrize(
    ("broken", "part"),
    [
        (b"x\x00y,1", "NUL"),
        ("表".encode("cp932") + b",1", "UTF-8"),
        ("あ".encode()[:2] + b",1", "UTF-8"),
        (b"a,b,c,d", "4 cells"),
        (b"," * 600, "601 columns"),
        (b"a" * 20_000 + b",1", "10,000"),
        (b"a" * (MAX_ROW * 3) + b",1", "130,000"),
        (b'"never closed,1', "130,000"),
    ],
)
def test_what_is_broken_breaks_its_row_alone(broken: bytes, part: str) -> None:
    others = "".join(f"お茶{number},{number}\n" for number in range(20_000)).encode()
    file = io.BytesIO("名前,数\n".encode() + broken + b"\n" + others)
    form = find_form(file)
    assert form.encoding == "utf-8" and form.is_sure
    rows = list(read_rows(file, form))
    assert [(row.line, part in row.problem) for row in rows if row.problem] == [(2, True)]
    assert [(row.line, row.cells[1]) for row in rows[1:]] == [(number + 3, str(number)) for number in range(20_000)]


def test_half_utf8_and_half_shift_jis_is_said_to_be_unsure() -> None:
    assert find_encoding(io.BytesIO("お茶\n".encode() + "お茶\n".encode("cp932"))) == ("utf-8", False)


@pytest.mark.parametrize(
    ("data", "part"), [(b"", "empty"), (b"\n\n \n", "empty"), (b"a," * 1_000_000, "130,000"), (b"a," * 600, "601")]
)
def test_no_table_is_refused_with_the_reason(data: bytes, part: str) -> None:
    with pytest.raises(BadFile, match=part):
        find_form(io.BytesIO(data))


class _Endless(io.RawIOBase):
    """A file without a line break in 64 MB."""

    left = 64_000_000

    def read(self, size: int = -1) -> bytes:
        given = min(self.left, size if size > 0 else 1 << 18)
        self.left -= given
        return b"a" * given

    def readline(self, size: int | None = -1) -> bytes:  # type: ignore[override]
        return self.read(size or -1)

    def seek(self, offset: int, whence: int = 0) -> int:
        self.left = 64_000_000
        return 0


def test_a_row_without_end_takes_no_memory() -> None:
    tracemalloc.start()
    with pytest.raises(BadFile):
        find_form(_Endless())  # type: ignore[arg-type]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8_000_000
