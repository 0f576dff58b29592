"""What reads imports."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from jouren.imports.files import open_file
from jouren.imports.models import Import
from jouren.imports.reading import Form, Row, read_rows

SHOWN_CELL = 1_000


def first_rows(run: Import, count: int) -> list[Row]:
    """The first rows of its file. Raises BadFile when it is not kept any more."""
    with open_file(run.file) as file:
        return list(islice(read_rows(file, _form(run)), count))


def problem_rows(run: Import) -> Iterator[list[str]]:
    """The kept problems in the order of the file: line, column, reason, then the cells of the row.

    The cells are read from the file: nothing of a row is kept elsewhere, and once the file is gone they are missing.
    """
    problems: dict[int, tuple[str, str]] = {}
    for line, column, reason in run.problems.order_by("-id").values_list("line", "column", "reason"):
        problems[line] = (column, reason)
    if not run.file:
        for line in sorted(problems):
            yield [str(line), *problems[line]]
        return
    last = max(problems, default=0)
    with open_file(run.file) as file:
        for row in read_rows(file, _form(run)):
            if row.line > last:
                break
            if row.line in problems:
                yield [str(row.line), *problems[row.line], *[_plain(cell) for cell in row.cells]]


def _plain(cell: str) -> str:
    return cell[:SHOWN_CELL].encode(errors="replace").decode()


def _form(run: Import) -> Form:
    return Form(run.encoding, run.delimiter, tuple(run.header))
