"""A condition's SQL and its Python say the same of everybody."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jouren.conditions.compile import compile_python
from jouren.conditions.queries import contact_ids, count_contacts, load_facts
from jouren.contacts import actions
from jouren.contacts.models import Consent, Contact, Problem
from jouren.pyramid.models import PyramidPosition

NOW = datetime(2026, 3, 8, 10, 30, tzinfo=UTC)
ZONES = [ZoneInfo(name) for name in ("Asia/Tokyo", "America/New_York", "Pacific/Apia", "UTC")]
WORDS = ["", "a", "A", "ab", "ba", "%", "_", "\\", "'", "é", "e\u0301", "肩こり", "か", "が", "ｶ", "😀", "ß", "SS", " "]
NUMBERS: list[float] = [0, 1, -1, 2, 0.1, 0.30000000000000004, 1e-9, 10**14, 2.5, -2.5]
DAYS = [date(2026, 3, 7), date(2026, 3, 8), date(2026, 3, 9), date(2026, 11, 1), date(2025, 3, 8)]
# The start and end of days and of summer time in the zones above, a microsecond before and after them.
MOMENTS = [
    datetime(*day, tzinfo=zone).astimezone(UTC) + timedelta(microseconds=shift)
    for zone in ZONES
    for day in ((2026, 3, 8), (2026, 3, 9), (2026, 3, 7))
    for shift in (-1, 0, 1)
] + [NOW, NOW - timedelta(days=1), NOW - timedelta(days=1, microseconds=1), NOW + timedelta(days=1)]

storable = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")
words = st.sampled_from(WORDS) | st.text(storable, max_size=4)
asked = words.filter(bool)
numbers = st.sampled_from(NUMBERS) | st.integers(-3, 3)
days = st.sampled_from(DAYS)
counts = st.sampled_from([0, 1, 2, 365])

people = st.fixed_dictionaries(
    {
        "created_at": st.sampled_from(MOMENTS),
        "confirmed_at": st.none() | st.sampled_from(MOMENTS),
        "language": st.sampled_from(["ja", "en", ""]),
        "family_name": words,
        "attributes": st.fixed_dictionaries(
            {}, optional={"t": words, "n": numbers, "b": st.booleans(), "d": days.map(date.isoformat)}
        ),
        "problems": st.lists(asked, max_size=3, unique=True),
        "consent": st.none() | st.booleans(),
        "stage": st.none() | st.sampled_from([1, 2, 3]),
    }
)


def leaf(fact: str, op: str, value: st.SearchStrategy[Any], **args: str) -> st.SearchStrategy[dict[str, Any]]:
    return value.map(lambda v: {"fact": fact, "op": op, "value": v} | ({"args": args} if args else {}))


def _leaves() -> Iterator[st.SearchStrategy[dict[str, Any]]]:
    texts: list[tuple[str, dict[str, str]]] = [
        ("contact.language", {}),
        ("contact.family_name", {}),
        ("contact.attribute", {"key": "t"}),
    ]
    for fact, args in texts:
        for op in ("eq", "ne", "starts_with", "contains"):
            yield leaf(fact, op, asked, **args)
        yield leaf(fact, "in", st.lists(asked, min_size=1, max_size=3), **args)
        yield leaf(fact, "is_set", st.booleans(), **args)
    for op in ("eq", "ne", "gt", "gte", "lt", "lte"):
        yield leaf("contact.attribute", op, numbers, key="n")
    yield leaf("contact.attribute", "between", st.lists(numbers, min_size=2, max_size=2).map(sorted), key="n")
    for fact in ("contact.open_problem_count", "pyramid.stage"):
        for op in ("eq", "ne", "gte", "lt"):
            yield leaf(fact, op, st.integers(0, 3))
        yield leaf(fact, "is_set", st.booleans())
    for fact, args in [("contact.confirmed", {}), ("contact.attribute", {"key": "b"})]:
        yield leaf(fact, "is", st.booleans(), **args)
        yield leaf(fact, "is_set", st.booleans(), **args)
    yield leaf("consent", "is", st.booleans(), channel="email", topic="news")
    for fact in ("contact.created_at", "contact.confirmed_at"):
        moments = st.sampled_from([m.isoformat() for m in MOMENTS] + ["2026-03-08T02:30", "2026-03-08", "2026-03-09"])
        yield leaf(fact, "before", moments)
        yield leaf(fact, "after", moments)
        yield leaf(fact, "within_last_days", counts)
        yield leaf(fact, "older_than_days", counts)
        yield leaf(fact, "on_local_date", days.map(date.isoformat))
        yield leaf(fact, "is_set", st.booleans())
    for op in ("eq", "before", "after"):
        yield leaf("contact.attribute", op, days.map(date.isoformat), key="d")
    yield leaf("contact.attribute", "in_month", st.integers(1, 12), key="d")
    yield leaf("contact.attribute", "within_last_days", counts, key="d")
    yield leaf("contact.attribute", "older_than_days", counts, key="d")
    yield leaf("contact.problems", "contains", asked)
    yield leaf("contact.problems", "contains_any", st.lists(asked, min_size=1, max_size=3))
    yield leaf("contact.problems", "contains_all", st.lists(asked, min_size=1, max_size=2))
    yield leaf("contact.problems", "empty", st.booleans())
    yield leaf("contact.problems", "is_set", st.booleans())


trees = st.recursive(
    st.one_of(list(_leaves())),
    lambda parts: st.one_of(
        st.fixed_dictionaries({"all": st.lists(parts, max_size=3)}),
        st.fixed_dictionaries({"any": st.lists(parts, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"not": parts}),
    ),
    max_leaves=6,
)


def store(details: dict[str, Any]) -> None:
    """Store a person as they are, past the actions, which would tidy their texts."""
    problems, consent, stage = details["problems"], details["consent"], details["stage"]
    columns = {name: value for name, value in details.items() if name not in {"problems", "consent", "stage"}}
    contact = Contact.objects.create(**columns)
    Problem.objects.bulk_create([Problem(contact=contact, text=text, noted_at=NOW) for text in problems])
    if consent is not None:
        Consent.objects.create(contact=contact, channel="email", topic="news", is_granted=consent, since=NOW)
    if stage is not None:
        PyramidPosition.objects.create(contact=contact, stage=stage, since=NOW)


@pytest.mark.django_db
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    crowd=st.lists(people, min_size=1, max_size=6),
    conditions=st.lists(trees, min_size=1, max_size=10),
    zone=st.sampled_from(ZONES),
)
def test_sql_and_python_agree(crowd: list[dict[str, Any]], conditions: list[Any], zone: ZoneInfo) -> None:
    with transaction.atomic():
        for key, type in {"t": "text", "n": "number", "b": "boolean", "d": "date"}.items():
            actions.define_attribute(key, type, key)
        for details in crowd:
            store(details)
        ids = list(Contact.objects.values_list("pk", flat=True))
        for tree in conditions:
            compiled = compile_python(tree)
            values = load_facts(compiled.facts, ids, NOW)
            by_python = sorted(pk for pk in ids if compiled.matches(values[pk], NOW, zone))
            by_sql = contact_ids(tree, now=NOW, zone=zone)
            assert by_sql == by_python, tree
            assert count_contacts(tree, now=NOW, zone=zone) == len(by_sql)
        transaction.set_rollback(True)
