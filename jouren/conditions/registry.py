"""What can be asked about a person: typed facts, registered by the rooms that own them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jouren.conditions.errors import ConditionError

Text = str | Promise
MAX_TEXT_LENGTH = 500


class FactType(StrEnum):
    """The type of a fact's value, as SQL and Python see it.

    TEXT ``text``/str · NUMBER an integer or ``numeric``/int, Decimal · BOOLEAN · DATETIME ``timestamptz``/aware ·
    DATE · SET ``text[]``/list of str, a missing one being empty.
    """

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATETIME = "datetime"
    DATE = "date"
    SET = "set"


TYPE_LABELS: Mapping[FactType, Text] = {
    FactType.TEXT: gettext_lazy("a text"),
    FactType.NUMBER: gettext_lazy("a number"),
    FactType.BOOLEAN: gettext_lazy("yes or no"),
    FactType.DATETIME: gettext_lazy("a time"),
    FactType.DATE: gettext_lazy("a date"),
    FactType.SET: gettext_lazy("a list of texts"),
}


@dataclass(frozen=True)
class Argument:
    """What a fact has to be told, for example which channel. ``type`` is TEXT or NUMBER (a whole one, 0 to ``most``).

    ``choices`` names a list of :func:`jouren.conditions.choices.register_choices` that an editor offers; ``empty`` is
    what an editor calls the argument's absence, ``phrase`` how a sentence tells its ``%(value)s``. ``read``, for other
    things than texts and numbers, makes something hashable of the given value and the arguments before it, or raises
    ValueError.
    """

    name: str
    label: Text
    type: FactType = FactType.TEXT
    is_required: bool = True
    most: int = 36_500
    choices: str = ""
    empty: Text = ""
    phrase: Text = ""
    read: Callable[[object, Mapping[str, Any]], Any] | None = None


@dataclass(frozen=True)
class Question:
    """One way in which an editor asks a fact: the operator in words. ``value``, where the words say it already."""

    op: str
    label: Text
    value: Any = None


class Group(StrEnum):
    """Under which heading an editor offers a fact; in the order of the headings."""

    PERSON = "person"
    STAGE = "stage"
    WANTS = "wants"
    CONSENT = "consent"
    SOURCE = "source"
    EVENTS = "events"
    MESSAGES = "messages"
    ORDERS = "orders"
    SEGMENTS = "segments"


GROUP_LABELS: Mapping[Group, Text] = {
    Group.PERSON: gettext_lazy("The person"),
    Group.STAGE: gettext_lazy("Customer pyramid"),
    Group.WANTS: gettext_lazy("Problems and tags"),
    Group.CONSENT: gettext_lazy("What they allowed"),
    Group.SOURCE: gettext_lazy("Where they came from"),
    Group.EVENTS: gettext_lazy("What happened"),
    Group.MESSAGES: gettext_lazy("Messages"),
    Group.ORDERS: gettext_lazy("Purchases"),
    Group.SEGMENTS: gettext_lazy("Segments"),
}


@dataclass(frozen=True)
class Rows:
    """Rows about people that a fact looks for or counts, in a table with the alias ``r``.

    For everybody the condition becomes ``c.id IN (SELECT person FROM table joined WHERE where)``; for a few people the
    rows of each, ``table WHERE of_person AND where``. ``column`` is a row's text, of a SET; ``has_member`` is true of a
    row that has one of ``%(members)s::text[]``. ``total`` is what a NUMBER is, over a person's rows.
    """

    table: str
    where: str = "true"
    person: str = "r.contact_id"
    joined: str = ""
    of_person: str = "r.contact_id = c.id"
    column: str = ""
    has_member: str = ""
    total: str = "count(*)"

    @property
    def everybody(self) -> str:
        """From which rows, of all people."""
        return f"FROM {self.table} {self.joined} WHERE {self.where}"

    @property
    def one(self) -> str:
        """From which rows, of the person ``c``."""
        return f"FROM {self.table} WHERE {self.of_person} AND {self.where}"


SqlText = str | Callable[[Mapping[str, Any]], str]
"""A text, or a function that makes it of the arguments of one use: which of them are given decides how it is asked."""


@dataclass(frozen=True)
class Fact:
    """One thing that conditions can ask about a person.

    ``sql`` is an expression over the alias ``c`` (``contacts_contact``) and the aliases that ``join`` brings; a join
    gives at most one row a contact. In both, ``%(name)s`` stands for an argument (cast it: ``%(key)s::text``),
    ``%(now)s`` for the moment of asking, and ``{j}`` for an alias of this use's own; a plain percent sign is doubled.
    Where the type depends on the arguments, ``type`` is a function of them and ``sql`` has an expression for each type.
    A fact with ``rows`` needs neither: a BOOLEAN says whether there are any, a NUMBER is their total, a SET
    their texts. Where ``rows``, given the arguments, makes none, ``sql`` and ``join`` tell.

    ``is_certain``: the value is never missing. ``default``: what a missing NUMBER counts as. ``member_sql``, for a SET
    without arguments: true when it has one of ``%(members)s::text[]``, where that is faster than making the set.
    ``batch_sql``: the same value for a few people, where there is a better way than ``join`` or ``rows``.

    ``past_sql``: the value as it was at ``%(now)s``, an earlier moment; ``past_rows``: the rows that counted then.
    Neither: only today's value is known.

    ``changed_by``: the types of events after which the value may be another. ``next_change``, where time alone changes
    it: what to load besides, given this use and the question's operator and value, to know when next; a DATETIME.

    For editors: ``group`` (None: not offered), ``choices`` (the name of a list of values), and ``questions``, where
    they are other ones than the type's operators. For sentences: ``phrase``, with its arguments as ``%(name)s``.
    """

    name: str
    type: FactType | Callable[[Mapping[str, Any]], FactType]
    label: Text
    sql: str | Mapping[FactType, str] = ""
    join: SqlText = ""
    arguments: Sequence[Argument] = ()
    is_certain: bool = False
    default: int | None = None
    member_sql: str = ""
    batch_sql: SqlText = ""
    past_sql: str = ""
    past_rows: Callable[[Mapping[str, Any]], Rows] | None = None
    group: Group | None = None
    choices: str = ""
    questions: Sequence[Question] = ()
    phrase: Text = ""
    rows: Rows | Callable[[Mapping[str, Any]], Rows | None] | None = None
    changed_by: frozenset[str] | Callable[[Mapping[str, Any]], frozenset[str]] = frozenset()
    next_change: Callable[[FactUse, str, Any], FactUse | None] | None = None

    def use(self, given: Mapping[str, Any], path: str = "") -> FactUse:
        """This fact with its arguments, checked. Raises ConditionError."""
        known = {argument.name: argument for argument in self.arguments}
        if unknown := given.keys() - known.keys():
            message = _("“%(fact)s” does not know the argument %(argument)s.")
            raise ConditionError(message % {"fact": self.label, "argument": sorted(unknown)[0][:50]}, path)
        values: dict[str, Any] = {}
        for name, argument in known.items():
            values[name] = _checked(self, argument, given.get(name), path, values)
        type = self.type(values) if callable(self.type) else self.type
        return FactUse(self.name, type, tuple(values.items()))

    def expression(self, type: FactType) -> str:
        """The SQL expression for a value of that type."""
        return self.sql if isinstance(self.sql, str) else self.sql[type]

    @property
    def keeps_past(self) -> bool:
        """Whether its earlier values are known."""
        return bool(self.past_sql) or self.past_rows is not None

    @property
    def never_misses(self) -> bool:
        """Whether there is a value for everybody."""
        return self.is_certain or self.rows is not None


@dataclass(frozen=True, slots=True)
class FactUse:
    """A fact with its arguments: what one place of a tuple of values holds."""

    name: str
    type: FactType
    arguments: tuple[tuple[str, Any], ...] = field(default=())

    @property
    def fact(self) -> Fact:
        """The registered fact."""
        return fact(self.name)

    @property
    def given(self) -> dict[str, Any]:
        """The arguments by name."""
        return dict(self.arguments)

    @property
    def rows(self) -> Rows | None:
        """The rows that this use looks for or counts, if it does."""
        rows = self.fact.rows
        return rows(self.given) if callable(rows) else rows

    @property
    def join(self) -> str:
        """The fact's join, for this use."""
        join = self.fact.join
        return join(self.given) if callable(join) else join

    @property
    def batch_sql(self) -> str:
        """The fact's expression for a few people, for this use."""
        batch_sql = self.fact.batch_sql
        return batch_sql(self.given) if callable(batch_sql) else batch_sql

    @property
    def changed_by(self) -> frozenset[str]:
        """The types of events after which the value may be another."""
        changed_by = self.fact.changed_by
        return changed_by(self.given) if callable(changed_by) else changed_by


def _checked(fact: Fact, argument: Argument, value: object, path: str, earlier: Mapping[str, Any]) -> object:
    if argument.read is not None:
        try:
            return argument.read(value, earlier)
        except ValueError as error:
            raise ConditionError(_("“%(fact)s”: %(error)s") % {"fact": fact.label, "error": error}, path) from None
    if value is None or value == "":
        if argument.is_required:
            message = _("“%(fact)s” still needs: %(argument)s.")
            raise ConditionError(message % {"fact": fact.label, "argument": argument.label}, path)
        return None
    if argument.type == FactType.NUMBER:
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= argument.most:
            return value
    elif isinstance(value, str) and len(value) <= MAX_TEXT_LENGTH and is_storable(value):
        return value
    message = _("“%(argument)s” must be %(type)s.")
    raise ConditionError(message % {"argument": argument.label, "type": TYPE_LABELS[argument.type]}, path)


def is_storable(text: str) -> bool:
    """Whether PostgreSQL can hold a text: no NUL, no half of a surrogate pair."""
    return "\x00" not in text and not _SURROGATE.search(text)


_SURROGATE = re.compile("[\ud800-\udfff]")
_facts: dict[str, Fact] = {}


def register_fact(fact: Fact) -> Fact:
    """Make a fact known. Raises ValueError when another one has its name."""
    if _facts.get(fact.name, fact) != fact:
        raise ValueError(f"The fact {fact.name!r} is registered twice.")
    _facts[fact.name] = fact
    return fact


def fact(name: str, path: str = "") -> Fact:
    """The registered fact of that name. Raises ConditionError for an unknown one."""
    if name == "":
        raise ConditionError(_("Choose what the condition asks."), path)
    try:
        return _facts[name]
    except (KeyError, TypeError):
        raise ConditionError(_("There is no fact %(name)s.") % {"name": str(name)[:50]}, path) from None


def facts() -> list[Fact]:
    """All registered facts, by name."""
    return [_facts[name] for name in sorted(_facts)]
