"""A condition's SQL and its Python say the same of everybody."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from jouren.catalog.models import Product, ProductCode
from jouren.conditions.compile import compile_python
from jouren.conditions.queries import contact_ids, contacts_standing, count_contacts, load_facts
from jouren.conditions.standing import compile_standing
from jouren.contacts import actions
from jouren.contacts.models import Alias, Consent, Contact, Identity, Problem, Suppression, Tag
from jouren.events.actions import NewEvent, record_events
from jouren.orders.models import Order, Purchases, Subscription
from jouren.pyramid.models import PyramidPosition
from tests.examples import examples

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
few_words = st.sampled_from(["a", "b", "肩こり"])
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
        "source": st.fixed_dictionaries({}, optional={"utm_source": words}),
    }
)
events = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["order.paid", "message.sent", "message.clicked", "message.opened", "message.replied"]),
        "at": st.sampled_from([NOW - timedelta(days=age) for age in (0, 1, 2, 3, 30)] + MOMENTS),
        "is_of_alias": st.booleans(),
        "number": st.integers(1, 2),
        "word": st.sampled_from(["trial", "regular"]),
        "by": st.sampled_from(["human", "scanner"]),
    }
)
pasts = st.fixed_dictionaries(
    {
        "problems": st.lists(asked, max_size=3, unique=True),
        "solved": st.lists(few_words, max_size=2, unique=True),
        "tags": st.lists(few_words, max_size=3, unique=True),
        "email": st.booleans(),
        "consent": st.none() | st.booleans(),
        "stops": st.lists(st.tuples(st.sampled_from(["", "email", "line"]), st.booleans()), max_size=2, unique=True),
        "stage": st.none() | st.tuples(st.sampled_from([1, 2, 3]), st.sampled_from(MOMENTS)),
        "orders": st.lists(
            st.tuples(
                st.sampled_from([10, 20]),
                st.sampled_from(["JPY", "USD"]),
                st.lists(few_words, max_size=2, unique=True),
                st.sampled_from(MOMENTS),
                st.sampled_from([0, 0, 5]),
                st.sampled_from([True, True, False]),
            ),
            max_size=3,
        ),
        "subscriptions": st.lists(
            st.tuples(st.sampled_from(["active", "cancelled", "paused"]), st.none() | days, few_words), max_size=2
        ),
        "events": st.lists(events, max_size=6),
    }
)


def leaf(fact: str, op: str, value: st.SearchStrategy[Any], **args: Any) -> st.SearchStrategy[dict[str, Any]]:
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
    yield leaf("consent", "is_set", st.booleans(), channel="email", topic="news")
    yield leaf("contact.has_email", "is", st.booleans())
    yield leaf("suppressed", "is", st.booleans())
    for channel in ("email", "line"):
        yield leaf("suppressed", "is", st.booleans(), channel=channel)
    for op in ("eq", "ne", "contains"):
        yield leaf("contact.source", op, asked, key="utm_source")
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
        yield leaf("subscriptions.next_on", op, days.map(date.isoformat))
    yield leaf("subscriptions.next_on", "is_set", st.booleans())
    yield leaf("subscriptions.next_on", "older_than_days", counts)
    yield leaf("subscriptions.active", "is", st.booleans())
    yield leaf("contact.attribute", "in_month", st.integers(1, 12), key="d")
    yield leaf("contact.attribute", "within_last_days", counts, key="d")
    yield leaf("contact.attribute", "older_than_days", counts, key="d")
    yield leaf("contact.attribute", "anniversary_within_days", st.sampled_from([0, 1, 7, 30, 366]), key="d")
    yield leaf("contact.attribute", "anniversary_this_month", st.booleans(), key="d")
    yield leaf("pyramid.stage_since", "within_last_days", counts)
    yield leaf("pyramid.stage_since", "older_than_days", counts)
    for fact in ("orders.first_at", "orders.last_at"):
        yield leaf(fact, "within_last_days", counts)
        yield leaf(fact, "older_than_days", counts)
    for fact, some in [
        ("contact.problems", asked),
        ("contact.solved_problems", few_words),
        ("contact.tags", few_words),
        ("orders.products", few_words),
        ("subscriptions.cancel_reasons", few_words),
    ]:
        yield leaf(fact, "contains", some)
        yield leaf(fact, "contains_any", st.lists(some, min_size=1, max_size=3))
        yield leaf(fact, "contains_all", st.lists(some, min_size=1, max_size=2))
        yield leaf(fact, "empty", st.booleans())
        yield leaf(fact, "is_set", st.booleans())
    for op in NUMBER_OPS:
        yield leaf("orders.count", op, st.integers(0, 3))
        for product in (1, 2):
            yield leaf("orders.count", op, st.integers(0, 2), product=product)
            yield leaf("orders.count", op, st.integers(0, 2), product=product, kind="trial")
        yield leaf("orders.total", op, st.sampled_from([0, 10, 20, 25.5, 30]))
        yield leaf("orders.total", op, st.sampled_from([0, 10, 20, 30]), currency="USD")


NUMBER_OPS = ("eq", "ne", "gt", "gte", "lt", "lte")


def _event_leaves() -> Iterator[st.SearchStrategy[dict[str, Any]]]:
    details: list[list[dict[str, Any]]] = [
        [],
        [{"field": "kind", "op": "eq", "value": "trial"}],
        [{"field": "amount", "op": "gte", "value": 2}, {"field": "kind", "op": "ne", "value": "trial"}],
        [{"field": "products", "op": "contains", "value": "trial"}],
        [{"field": "products", "op": "empty", "value": False}],
        [{"field": "amount", "op": "between", "value": [1, 1]}],
        [{"field": "kind", "op": "in", "value": ["trial", "x"]}],
    ]
    numbers = st.integers(0, 4) | st.sampled_from([0.5, 1.5, -1])
    for within in (None, 1, 2, 30):
        window = {} if within is None else {"within_days": within}
        for op in NUMBER_OPS:
            for where in details:
                yield leaf("events.count", op, numbers, type="order.paid", where=where, **window)
            for kind in ("sent", "clicked", "opened"):
                yield leaf(f"messages.{kind}", op, numbers, **window)
                yield leaf(f"messages.{kind}", op, numbers, message=1, **window)
        yield leaf("events.count", "between", st.sampled_from([[0, 1], [1, 2], [2, 2]]), type="order.paid", **window)


def _timed_leaves() -> Iterator[st.SearchStrategy[dict[str, Any]]]:
    for fact in ("contact.created_at", "contact.confirmed_at", "pyramid.stage_since"):
        yield leaf(fact, "within_last_days", counts)
        yield leaf(fact, "older_than_days", counts)
    for op in ("within_last_days", "older_than_days", "anniversary_within_days"):
        yield leaf("contact.attribute", op, st.sampled_from([0, 1, 2, 30]), key="d")
    yield leaf("contact.attribute", "anniversary_this_month", st.booleans(), key="d")
    for op in NUMBER_OPS:
        for within in (1, 2, 30):
            yield leaf("events.count", op, st.integers(0, 3), type="order.paid", within_days=within)
        yield leaf("messages.sent", op, st.integers(0, 2), message=1, within_days=2)


def one_of(strategies: Iterable[st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    """One of these, each as likely as the others, however many ways each has inside."""
    return st.sampled_from(list(strategies)).flatmap(lambda chosen: chosen)


def nested(leaves: st.SearchStrategy[dict[str, Any]], most: int) -> st.SearchStrategy[dict[str, Any]]:
    return st.recursive(
        leaves,
        lambda parts: st.one_of(
            st.fixed_dictionaries({"all": st.lists(parts, max_size=3)}),
            st.fixed_dictionaries({"any": st.lists(parts, min_size=1, max_size=3)}),
            st.fixed_dictionaries({"not": parts}),
        ),
        max_leaves=most,
    )


plain, counted, timed = one_of(_leaves()), one_of(_event_leaves()), one_of(_timed_leaves())
trees = nested(one_of([plain, plain, counted, timed]), 6)
timed_trees = one_of([timed, nested(one_of([timed, timed, timed, plain]), 3)])


def store(columns: dict[str, Any], past: dict[str, Any]) -> None:
    """Store a person as they are, past the actions, which would tidy their texts."""
    contact = Contact.objects.create(**columns)
    if past["email"]:
        Identity.objects.create(contact=contact, kind="email", value=f"{contact.pk}@example.jp")
    for texts, solved_at in ((past["problems"], None), (past["solved"], NOW)):
        Problem.objects.bulk_create(
            [Problem(contact=contact, text=text, noted_at=NOW, solved_at=solved_at) for text in texts]
        )
    Tag.objects.bulk_create([Tag(contact=contact, text=text, at=NOW) for text in past["tags"]])
    if past["consent"] is not None:
        Consent.objects.create(contact=contact, channel="email", topic="news", is_granted=past["consent"], since=NOW)
    for channel, is_lifted in past["stops"]:
        Suppression.objects.create(
            contact=contact, channel=channel, reason="manual", at=NOW, lifted_at=NOW if is_lifted else None
        )
    if past["stage"] is not None:
        stage, since = past["stage"]
        PyramidPosition.objects.create(contact=contact, stage=stage, since=since)
    store_orders(contact, past["orders"])
    for number, (state, next_on, reason) in enumerate(past["subscriptions"]):
        told = {"state": state, "next_on": next_on, "reason": reason, "number": f"{contact.pk}-{number}"}
        Subscription.objects.create(contact=contact, source="test", **told)
    Alias.objects.create(from_id=10**9 + contact.pk, to=contact)
    record_events([event_of(contact, **event) for event in past["events"]])


def store_orders(contact: Contact, orders: list[Any]) -> None:
    for number, (amount, currency, products, at, refunded, is_counted) in enumerate(orders):
        Order.objects.create(
            contact=contact,
            source=("test", "other")[number % 2],
            number=f"{contact.pk}-{number}",
            kind="trial",
            amount=amount,
            currency=currency,
            products=products,
            paid_at=at,
            refunded=refunded,
            is_counted=is_counted,
            event_id=0,
        )
    times = [at for *_rest, at, _refunded, is_counted in orders if is_counted]
    if times:
        Purchases.objects.create(
            contact=contact,
            orders=len(times),
            trials=len(times),
            regulars=0,
            first_at=min(times),
            last_at=max(times),
        )


def event_of(contact: Contact, type: str, at: datetime, is_of_alias: bool, number: int, word: str, by: str) -> NewEvent:
    payload: dict[str, Any]
    if type == "order.paid":
        products = [word] if number == 1 else []
        payload = {"order": "1", "kind": word, "amount": number, "currency": "JPY", "products": products}
    else:
        payload = {"delivery": 1, "message": number, "title": "x"}
        payload |= {"channel": "email"} if type == "message.sent" else {}
        payload |= {"by": by} if type in {"message.clicked", "message.opened"} else {}
        payload |= {"url": "x"} if type == "message.clicked" else {}
    return NewEvent(type, 10**9 + contact.pk if is_of_alias else contact.pk, payload, at)


def make_crowd(crowd: list[tuple[dict[str, Any], dict[str, Any]]]) -> list[int]:
    for key, type in {"t": "text", "n": "number", "b": "boolean", "d": "date"}.items():
        actions.define_attribute(key, type, key)
    for pk in (1, 2):
        Product.objects.create(pk=pk, name=str(pk), role="main", price=1)
    for product, code, source in [(1, "a", ""), (1, "肩こり", ""), (2, "b", ""), (1, "b", "other"), (2, "a", "none")]:
        ProductCode.objects.create(product_id=product, code=code, source=source)
    for columns, past in crowd:
        store(columns, past)
    return list(Contact.objects.order_by("pk").values_list("pk", flat=True))


crowds = st.lists(st.tuples(people, pasts), min_size=1, max_size=4)
purchases = st.sampled_from([NOW - timedelta(hours=age) for age in (0, 1, 23, 25, 47, 49, 719)]).map(
    lambda at: {"type": "order.paid", "at": at, "is_of_alias": False, "number": 1, "word": "trial", "by": "human"}
)
busy = st.tuples(people, pasts, st.lists(purchases, min_size=1, max_size=4)).map(
    lambda drawn: (drawn[0], drawn[1] | {"events": drawn[2]})
)
options = examples(60)


@pytest.mark.django_db
@options
@given(crowd=crowds, conditions=st.lists(trees, min_size=1, max_size=10), zone=st.sampled_from(ZONES))
def test_sql_and_python_agree(crowd: list[Any], conditions: list[Any], zone: ZoneInfo) -> None:
    with transaction.atomic():
        ids = make_crowd(crowd)
        for tree in conditions:
            compiled = compile_python(tree)
            values = load_facts(compiled.facts, ids, NOW)
            by_python = sorted(pk for pk in ids if compiled.matches(values[pk], NOW, zone))
            by_sql = contact_ids(tree, now=NOW, zone=zone)
            assert by_sql == by_python, tree
            assert count_contacts(tree, now=NOW, zone=zone) == len(by_sql)
        transaction.set_rollback(True)


@pytest.mark.django_db
@options
@given(
    crowd=crowds, conditions=st.lists(one_of([trees, timed_trees]), min_size=1, max_size=6), zone=st.sampled_from(ZONES)
)
def test_sql_and_python_agree_on_when_next_an_answer_may_change(
    crowd: list[Any], conditions: list[Any], zone: ZoneInfo
) -> None:
    with transaction.atomic():
        ids = make_crowd(crowd)
        for tree in conditions:
            compiled = compile_standing(tree)
            values = load_facts(compiled.facts, ids, NOW)
            answers = {pk: compiled.evaluate(values[pk], NOW, zone) for pk in ids}
            by_python = {pk: answer for pk, answer in answers.items() if answer != (False, None)}
            assert {pk: (holds, at) for pk, holds, at in contacts_standing(tree, now=NOW, zone=zone)} == by_python, tree
            assert compiled.is_timed or all(at is None for _holds, at in answers.values())
        transaction.set_rollback(True)


steps = st.sampled_from([timedelta(microseconds=1), timedelta(hours=13), timedelta(days=1), timedelta(days=29)])


@pytest.mark.django_db
@options
@given(crowd=crowds, tree=trees, zone=st.sampled_from(ZONES), walk=st.lists(steps | st.none(), min_size=1, max_size=8))
def test_between_now_and_the_next_change_time_alone_changes_nothing(
    crowd: list[Any], tree: Any, zone: ZoneInfo, walk: list[timedelta | None]
) -> None:
    """``walk`` goes through time; None is a step to the moment just before the next change of the first person."""
    with transaction.atomic():
        ids = make_crowd(crowd)
        compiled = compile_standing(tree)

        def answers_at(now: datetime) -> dict[int, Any]:
            values = load_facts(compiled.facts, ids, now)
            return {pk: compiled.evaluate(values[pk], now, zone) for pk in ids}

        now, known = NOW, answers_at(NOW)
        for step in walk:
            change = known[ids[0]][1]
            now = now + step if step else max(now, change - timedelta(microseconds=1)) if change else now
            fresh = answers_at(now)
            for pk in ids:
                holds, change = known[pk]
                if change is None or now < change:
                    assert fresh[pk][0] == holds, (tree, now)
                else:
                    known[pk] = fresh[pk]
        transaction.set_rollback(True)
