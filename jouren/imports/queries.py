"""What reads imports."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from jouren.imports.files import open_file
from jouren.imports.models import ForeseenPerson, Import, ImportState
from jouren.imports.reading import Form, Row, read_rows

SHOWN_CELL = 1_000
SAMPLE = 20


class Group(NamedTuple):
    """Those whom a check foresees on one stage for one reason: a rule, or none."""

    stage: int
    rule_id: int | None


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


def foreseen_groups(run: Import) -> list[Group]:
    """The groups of a check, the highest stage first, its commonest reason first."""
    return [Group(each["stage"], each.get("rule_id")) for each in run.report.get("stages", [])]


def foreseen_people(run: Import, group: Group | None, *, after: int = 0, limit: int) -> list[ForeseenPerson]:
    """Whom a check foresees where, from after a place on: among all, or (their ``turn``) in one group. Nobody once the
    import has begun.
    """
    if run.state != ImportState.CHECKED:
        return []
    people = run.foreseen.all()
    if group is None:
        return list(people.filter(place__gt=after).order_by("place")[:limit])
    return list(people.filter(**group._asdict(), turn__gt=after).order_by("turn")[:limit])


def foreseen_sample(run: Import) -> list[ForeseenPerson]:
    """Some people of each group, in turn, so that each is shown."""
    groups = [foreseen_people(run, group, limit=SAMPLE) for group in foreseen_groups(run)]
    turns = [person for turn in range(SAMPLE) for group in groups for person in group[turn : turn + 1]]
    return sorted(turns[:SAMPLE], key=lambda person: person.place)


def _plain(cell: str) -> str:
    return cell[:SHOWN_CELL].encode(errors="replace").decode()


def _form(run: Import) -> Form:
    return Form(run.encoding, run.delimiter, tuple(run.header))
