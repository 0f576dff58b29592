"""Works on an import, piece by piece. Each is one transaction, with how far it got: killed, it goes on from there.

Of customers each row is kept as it is read. The rows of an order may stand anywhere in the file: they are put aside
first and told order by order. A check goes the same way and writes nothing where a run does; what it has put aside
stays there, so that the run after it need not read the file again.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby, islice
from operator import itemgetter
from typing import Any, BinaryIO, TypeVar

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from jouren.contacts.actions import PastPerson, import_people
from jouren.core import clock
from jouren.core.errors import UserError
from jouren.core.sql import hot_cursor, load_sql
from jouren.core.zone import shop_zone
from jouren.imports.customers import past_person
from jouren.imports.errors import BadRow
from jouren.imports.fields import Kind
from jouren.imports.files import open_file
from jouren.imports.foreseeing import Foresight, check_tellings
from jouren.imports.mapping import RowReader, Said
from jouren.imports.models import Import, ImportProblem, ImportState
from jouren.imports.orders import tellings_of
from jouren.imports.reading import Form, Row, read_rows
from jouren.orders.telling import Telling, tell_orders

_sql = load_sql("imports")
ROWS_AT_ONCE = 2_000
ORDERS_AT_ONCE = 1_000
MOST_PROBLEMS = 10_000
SHOWN_ROWS = 20
T = TypeVar("T")
_NOT_TOLD: dict[str, Any] = {
    "told_rows": 0,
    "told_number": None,
    "orders": 0,
    "orders_known": 0,
    "people_made": 0,
    "people_known": 0,
    "people_erased": 0,
    "consents": 0,
    "error": "",
    "ended_at": None,
}
_NOT_READ: dict[str, Any] = {
    "is_read": False,
    "read_rows": 0,
    "read_bytes": 0,
    "staged": 0,
    "read_bad_rows": None,
    "read_problems": 0,
}
_write = json.JSONEncoder(ensure_ascii=False, check_circular=False).encode


@dataclass
class Notes:
    """What a piece found wrong: (line, column, reason). One row can only be wrong once."""

    of: Import
    rows: list[tuple[int, str, str]] = field(default_factory=list)

    def add(self, line: int, error: str | BadRow) -> None:
        """A row is not imported."""
        column = ""
        if isinstance(error, BadRow) and error.column is not None and error.column < len(self.of.header):
            column = self.of.header[error.column]
        self.rows.append((line, column, str(error)[:1_000]))

    def keep(self) -> None:
        """Store them, as long as there are not too many, and count them."""
        room = max(MOST_PROBLEMS - self.of.problems_kept, 0)
        kept = self.rows[:room]
        ImportProblem.objects.bulk_create(
            [ImportProblem(of=self.of, line=line, column=column, reason=reason) for line, column, reason in kept]
        )
        self.of.problems_kept += len(kept)
        self.of.bad_rows += len(self.rows)


@dataclass(frozen=True)
class _Order:
    """An order that can be told. ``lines``: where its rows begin in the file."""

    number: str
    lines: tuple[int, ...]
    tellings: tuple[Telling, ...]


class Worker:
    """Works on one import. Holds its file open from piece to piece."""

    def __init__(self, import_id: int) -> None:
        self._id = import_id
        self._file: BinaryIO | None = None
        self._rows: Iterator[Row] = iter(())
        self._position = -1

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def step(self) -> bool:
        """Do the next piece. False: there is none, since it is finished or was stopped.

        Raises UserError when the import cannot go on at all.
        """
        with _no_collecting(), transaction.atomic():
            run = Import.objects.select_for_update().filter(pk=self._id).first()
            if run is None or not run.is_working:
                self.close()
                return False
            notes, was_read = Notes(run), run.is_read
            with translation.override(run.language):
                if not run.is_read:
                    self._read(run, notes)
                elif run.kind == Kind.CUSTOMERS or not self._take_orders(run, notes):
                    self._finish(run)
            notes.keep()
            if run.is_read and not was_read:
                run.read_bad_rows, run.read_problems = run.bad_rows, run.problems_kept
            run.save()
        return True

    # Reading

    def _read(self, run: Import, notes: Notes) -> None:
        file = self._at(run)
        rows = list(islice(self._rows, ROWS_AT_ONCE))
        zone = shop_zone()
        reader = RowReader(run.kind, run.preset, run.mapping, zone, clock.now())
        if run.kind == Kind.ORDERS:
            self._put_aside(run, rows, reader, notes)
        else:
            self._take_customers(run, rows, reader, notes)
        run.read_rows += len(rows)
        self._position = run.read_rows
        run.read_bytes = min(file.tell(), run.size)
        if len(rows) < ROWS_AT_ONCE:
            run.is_read, run.read_bytes = True, run.size
            self.close()
            if run.kind == Kind.ORDERS:
                _sql.run("analyze_staged")

    def _at(self, run: Import) -> BinaryIO:
        """The file, read as far as the import is."""
        if self._file is None or self._position != run.read_rows:
            self.close()
            self._file = open_file(run.file)
            form = Form(run.encoding, run.delimiter, tuple(run.header))
            self._rows = read_rows(self._file, form)
            for _row in islice(self._rows, run.read_rows):
                pass
        return self._file

    def _put_aside(self, run: Import, rows: Sequence[Row], reader: RowReader, notes: Notes) -> None:
        number_place = run.mapping["number"]
        copied: list[str] = []
        for row in rows:
            said = _said(row, reader, notes)
            if said is not None and "number" not in said:
                notes.add(row.line, BadRow(_("It has no order number."), number_place))
            elif said is not None:
                _show(run, row.line, said)
                copied.append(_copy_line(run.pk, said["number"], row.line, _write(said)))
            elif (number := _number(row, number_place)) is not None:
                # Its order is not imported in part: the other rows must know of this one.
                copied.append(_copy_line(run.pk, number, row.line, None))
        run.staged += len(copied)
        with hot_cursor().copy(_sql.text("stage")) as copy:
            copy.write("".join(copied))

    def _take_customers(self, run: Import, rows: Sequence[Row], reader: RowReader, notes: Notes) -> None:
        people: list[tuple[int, PastPerson]] = []
        for row in rows:
            if (said := _said(row, reader, notes)) is None:
                continue
            try:
                people.append((row.line, past_person(said, run.created_at)))
            except BadRow as error:
                notes.add(row.line, error)
            else:
                _show(run, row.line, said)
        if run.state == ImportState.CHECKING:
            Foresight(run).see_people([person for _line, person in people])
            return

        def keep(part: Sequence[tuple[int, PastPerson]]) -> None:
            came = import_people([person for _line, person in part], run.consent_text)
            run.people_made += len({each.contact_id for each in came if each.is_new})
            run.people_erased += sum(1 for each in came if each.contact_id is None)
            run.consents += len({each.contact_id for each in came if each.agrees})

        _sift(people, keep, lambda item, error: notes.add(item[0], str(error)))

    # Telling

    def _take_orders(self, run: Import, notes: Notes) -> bool:
        """Take the next orders. False when there are none."""
        asked = {"import_id": run.pk, "after": run.told_number or "", "limit": ROWS_AT_ONCE}
        _sql.all("sort", {"may": "off"})
        rows = _sql.all("next_rows", asked)
        _sql.all("sort", {"may": "on"})
        if not rows:
            # A database that was killed has nothing put aside any more.
            is_lost = run.told_rows < run.staged
            if is_lost:
                set_back(run)
            return is_lost
        grouped = [(number, list(each)) for number, each in groupby(rows, key=itemgetter(0))]
        if len(rows) == ROWS_AT_ONCE:
            last = grouped.pop()
            if not grouped:
                return self._leave_out(run, last[0], notes)
        grouped = grouped[:ORDERS_AT_ONCE]
        orders = [order for number, each in grouped if (order := _order(run, number, each, notes)) is not None]
        if run.state == ImportState.CHECKING:
            fit = [order for order in orders if _is_fit(order, notes)]
            Foresight(run).see_orders([(each.number, each.tellings) for each in fit])
        else:
            _sift(orders, lambda part: _tell(run, part), lambda order, error: _refuse(order, notes, str(error)))
        run.told_rows += sum(len(each) for _number, each in grouped)
        run.told_number = grouped[-1][0]
        return True

    def _leave_out(self, run: Import, number: str, notes: Notes) -> bool:
        """An order of more rows than any can have."""
        count, first = _sql.one("rows_of_order", {"import_id": run.pk, "number": number}) or (0, 0)
        notes.add(first, _("%(rows)s rows have this order number: that cannot be one order.") % {"rows": f"{count:,}"})
        run.bad_rows += count - 1
        run.told_rows += count
        run.told_number = number
        return True

    def _finish(self, run: Import) -> None:
        if run.state == ImportState.CHECKING:
            Foresight(run).report()
            run.state = ImportState.CHECKED
            _sql.run("forget_seen", {"import_id": run.pk})
        else:
            run.state = ImportState.DONE
            forget_scratch(run.pk)
        run.ended_at = clock.now()


@contextmanager
def _no_collecting() -> Iterator[None]:
    """A piece makes some ten thousand objects and no circles of them: looking for such among all that Jouren has loaded
    would take a fifth of its time.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def has_staged(run: Import) -> bool:
    """Whether the rows of a file's orders are put aside, all of them: it was read to its end, and nothing was lost."""
    if not run.is_read or run.read_bad_rows is None or not run.staged:
        return False
    row = _sql.one("count_staged", {"import_id": run.pk})
    return row is not None and row[0] == run.staged


def set_back(run: Import, *, is_read: bool = False) -> None:
    """Let an import begin anew, or (``is_read``) with what was put aside. It is not saved."""
    bad_rows, problems = (run.read_bad_rows or 0, run.read_problems) if is_read else (0, 0)
    for name, value in (_NOT_TOLD if is_read else _NOT_TOLD | _NOT_READ).items():
        setattr(run, name, value)
    run.bad_rows, run.problems_kept = bad_rows, problems
    found_reading = list(run.problems.order_by("id").values_list("id", flat=True)[:problems])
    run.problems.filter(pk__gt=found_reading[-1] if found_reading else 0).delete()
    if not is_read:
        forget_scratch(run.pk)


def forget_scratch(import_id: int) -> None:
    """Delete what was put aside for an import, and whom its check foresaw where."""
    for statement in ("forget_staged", "forget_seen", "forget_foreseen"):
        _sql.run(statement, {"import_id": import_id})


def _said(row: Row, reader: RowReader, notes: Notes) -> Said | None:
    """What a row says; None, and noted, when it cannot be understood."""
    if row.problem:
        notes.add(row.line, row.problem)
        return None
    try:
        return reader.read(row.cells)
    except BadRow as error:
        notes.add(row.line, error)
        return None


def _show(run: Import, line: int, said: Said) -> None:
    """The first rows are shown as they were understood."""
    if run.state == ImportState.CHECKING and len(shown := run.report.setdefault("rows", [])) < SHOWN_ROWS:
        shown.append({"line": line, "said": said})


def _number(row: Row, place: int) -> str | None:
    number = row.cells[place].strip() if place < len(row.cells) else ""
    return number if 0 < len(number) <= 100 and number.isprintable() else None


def _copy_line(import_id: int, number: str, line: int, said: str | None) -> str:
    text = "\\N" if said is None else said.replace("\\", "\\\\")
    number = number.replace("\\", "\\\\")
    return f"{import_id}\t{number}\t{line}\t{text}\n"


def _order(run: Import, number: str, rows: Sequence[tuple[str, int, str | None]], notes: Notes) -> _Order | None:
    """An order from its rows; None, and noted, when it is none."""
    broken = next((line for _number, line, said in rows if said is None), None)
    if broken is not None:
        text = _("Line %(line)s of the same order cannot be understood; an order is not imported in part.")
        for _same, line, said in rows:
            if said is not None:
                notes.add(line, text % {"line": broken})
        return None
    lines = tuple(line for _number, line, _said in rows)
    try:
        said_rows = [(line, json.loads(said)) for _number, line, said in rows if said is not None]
        tellings = tellings_of(said_rows, has_payment_dates="paid_at" in run.mapping)
    except BadRow as error:
        for line in lines:
            notes.add(line, error)
        return None
    return _Order(number, lines, tuple(tellings))


def _is_fit(order: _Order, notes: Notes) -> bool:
    try:
        check_tellings(order.tellings)
    except UserError as error:
        _refuse(order, notes, str(error))
        return False
    return True


def _refuse(order: _Order, notes: Notes, reason: str) -> None:
    for line in order.lines:
        notes.add(line, reason)


def _sift(items: Sequence[T], act: Callable[[Sequence[T]], None], refuse: Callable[[T, UserError], None]) -> None:
    """Act on all at once; where something is refused, on halves, until what cannot be kept is alone."""
    if not items:
        return
    try:
        with transaction.atomic():
            act(items)
    except UserError as error:
        if len(items) == 1:
            refuse(items[0], error)
            return
        half = len(items) // 2
        _sift(items[:half], act, refuse)
        _sift(items[half:], act, refuse)


def _tell(run: Import, orders: Sequence[_Order]) -> None:
    """Tell of orders, and count whose and which are new."""
    numbers = [order.tellings[0].payload["order"] for order in orders]
    asked = {"source": run.source, "numbers": numbers}
    known, last_id = _sql.one("told_before", asked) or (0, 0)
    tell_orders(run.source, [telling for order in orders for telling in order.tellings])
    made, erased = _sql.one("told_of", {**asked, "last_id": last_id}) or (0, 0)
    run.orders += len(orders)
    run.orders_known += known
    run.people_made += made
    run.people_erased += erased
