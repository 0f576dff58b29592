"""What the lints find in a compiled journey, and what they leave alone."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jouren.journeys.lints import MessageRole, lint
from jouren.journeys.satisfiable import may_hold, stages_that_fit
from tests.programs import (
    ASK,
    CARE,
    HELP,
    branch,
    fact,
    key,
    leave,
    program,
    put_on,
    send,
    suppress,
    until,
    wait,
    wait_for,
)

FOR_PROSPECTS, FOR_REGULARS, RECEIPT = 10, 11, 12
ROLES = {
    HELP: MessageRole("help", None),
    ASK: MessageRole("ask", None),
    CARE: MessageRole("care", None),
    FOR_PROSPECTS: MessageRole("help", 2),
    FOR_REGULARS: MessageRole("help", 5),
    RECEIPT: MessageRole("transactional", None),
}
BOUGHT = fact("orders.count", "gte", 1)
SETTLED = [suppress("peace"), leave("gone")]


def found(*steps: Any, readiness: int = 3, **rules: Any) -> list[tuple[str, str | None]]:
    """The hints as (code, id of the step)."""
    return [(hint.code, hint.step) for hint in lint(program(*steps, **rules), ROLES, readiness)]


def codes(*steps: Any, **rules: Any) -> list[str]:
    return [code for code, _step in found(*steps, **rules)]


def helped(*steps: Any) -> list[Any]:
    """Three messages that help, a day apart, and then these steps."""
    before = [each for number in range(3) for each in (send(f"help{number}"), wait(f"day{number}"))]
    return [*before, *steps]


def test_a_journey_as_it_should_be_gives_no_hints() -> None:
    assert found(*helped(send("ask", ASK), wait_for("bought", "order.paid", otherwise=SETTLED))) == []


def test_a_way_that_just_ends_while_others_go_on() -> None:
    assert found(branch("fork", fact("contact.language", "eq", "ja"), [send("a")], [])) == [("dead_end", key("fork"))]
    # After the fork something follows; nobody gets anything; buyers are where they should be.
    assert codes(branch("fork", fact("contact.language", "eq", "ja"), [send("a")], []), wait("w"), send("b")) == []
    assert codes(branch("fork", fact("contact.language", "eq", "ja"))) == []
    assert codes(wait_for("fork", "order.paid", [], [send("a")])) == []
    assert codes(branch("fork", BOUGHT, [], [send("a")])) == []
    assert codes(branch("fork", fact("orders.count", "lt", 1), [], [send("a")])) == ["dead_end"]


def test_an_ask_after_which_nothing_is_decided_about_those_who_do_not_buy() -> None:
    assert found(*helped(send("ask", ASK))) == [("no_way_for_refusers", key("ask"))]
    assert codes(*helped(send("ask", ASK), wait("w"), send("more"))) == ["no_way_for_refusers"]
    assert codes(*helped(send("ask", ASK), wait("w"), leave("gone"))) == []
    assert codes(*helped(send("ask", ASK), wait("w"), branch("b", BOUGHT, [], SETTLED))) == []
    assert codes(*helped(send("ask", ASK), wait_for("bought", "order.paid"))) == []
    other = branch("b", fact("contact.language", "eq", "ja"), [leave("gone")], [wait("w2")])
    assert codes(*helped(send("ask", ASK), wait("w"), other)) == ["no_way_for_refusers"]


def test_an_ask_before_enough_help_on_one_way() -> None:
    short = branch("b", fact("contact.language", "eq", "ja"), [wait("w"), send("third"), wait("w2")], [wait("w3")])
    steps = [send("one"), wait("w0"), send("two"), short, send("ask", ASK), leave("gone")]
    (hint,) = lint(program(*steps), ROLES, 3)
    assert (hint.code, hint.step, hint.values) == ("hasty_ask", key("ask"), {"helps": 2, "wanted": 3})
    assert codes(*steps, readiness=2) == []
    assert codes(*helped(send("ask", ASK), leave("gone"))) == []
    # Thanks and care are not help: the gate does not count them either.
    assert codes(send("thanks", CARE), wait("w"), send("ask", ASK), leave("gone"), readiness=1) == ["hasty_ask"]
    regulars = [{"event": "stage.entered", "match": {"to": 5}}]
    assert codes(send("ask", ASK), leave("gone"), triggers=regulars) == []
    assert codes(send("ask", ASK), leave("gone"), triggers=[{"event": "stage.entered", "match": {"to": 2}}]) == [
        "hasty_ask"
    ]


def test_a_message_for_a_stage_on_which_nobody_is_who_comes_there() -> None:
    trial = [{"event": "stage.entered", "match": {"to": 3}}]
    (hint,) = lint(program(send("m", FOR_PROSPECTS), triggers=trial), ROLES, 3)
    assert (hint.code, hint.step, hint.values) == ("wrong_stage", key("m"), {"for": 2, "stages": [3]})
    assert codes(send("m", FOR_PROSPECTS), triggers=[{"event": "stage.entered", "match": {"to": 2}}]) == []
    assert codes(send("m", FOR_PROSPECTS), triggers=[{"event": "order.paid", "match": {"kind": "regular"}}]) == [
        "wrong_stage"
    ]
    assert codes(send("m", FOR_PROSPECTS)) == []  # put in by hand: nothing is known


def test_the_stage_that_is_known_changes_along_the_way() -> None:
    assert codes(put_on("s", 5), send("m", FOR_PROSPECTS)) == ["wrong_stage"]
    assert codes(put_on("s", 5), send("m", FOR_REGULARS)) == []
    low = fact("pyramid.stage", "lte", 2)
    assert found(branch("b", low, [send("a", FOR_REGULARS)], [send("c", FOR_PROSPECTS)])) == [
        ("wrong_stage", key("a")),
        ("wrong_stage", key("c")),
    ]
    assert codes(branch("b", low, [send("a", FOR_PROSPECTS)], [send("c", FOR_REGULARS)])) == []
    assert codes(branch("b", low, [wait("w")], [wait("w2")]), send("m", FOR_REGULARS)) == []  # both ways lead there
    assert codes(send("m", FOR_REGULARS), entry=fact("pyramid.stage", "lt", 5)) == ["wrong_stage"]
    assert codes(wait_for("w", "order.paid", [send("m", FOR_PROSPECTS)], [send("n", FOR_PROSPECTS)])) == ["wrong_stage"]


def test_a_wait_of_no_length() -> None:
    assert found(wait("w", 0), send("m")) == [("zero_wait", key("w"))]
    assert codes(wait_for("w", "order.paid", days=0, otherwise=[send("m")])) == ["zero_wait"]
    assert codes(wait("w", 1 / 1440), send("m")) == []
    assert codes(("w", {"type": "wait", "seconds": 0, "business_days": 1}), send("m")) == []


def test_a_moment_that_is_over_when_people_come() -> None:
    assert found(wait("w", 7), until("u", 3), send("m")) == [("late_moment", key("u"))]
    assert codes(until("a", 3, "20:00"), send("m"), until("b", 3, "08:00"), send("n")) == ["late_moment"]
    assert codes(until("a", 3, "08:00"), until("b", 3, "08:00")) == ["no_time_passes"]
    assert codes(until("a", 3, "08:00"), until("b", 3, "20:00")) == []
    assert codes(wait("w", 7), until("u", 7), send("m")) == []
    assert codes(until("u", 0, "08:00")) == []
    # Whoever is heard at once comes early, whoever waits in vain comes late: the early ones have that moment.
    assert codes(wait_for("w", "message.clicked", [wait("x")], [wait("y")], days=9), until("u", 5)) == []


def test_steps_that_nobody_comes_to() -> None:
    assert found(leave("gone"), wait("w"), send("m")) == [("unreachable", key("w"))]
    assert codes(branch("b", BOUGHT, [leave("x")], [leave("y")]), send("m")) == ["unreachable"]
    assert codes(branch("b", BOUGHT, [leave("x")], [wait("w")]), send("m")) == []


@pytest.mark.parametrize(
    ("goal", "is_possible"),
    [
        ({"all": [fact("orders.count", "gte", 2), fact("orders.count", "lt", 2)]}, False),
        ({"all": [fact("pyramid.stage", "eq", 3), fact("pyramid.stage", "eq", 4)]}, False),
        ({"all": [fact("pyramid.stage", "gt", 5)]}, False),
        ({"all": [fact("orders.count", "lt", 0)]}, False),
        ({"all": [fact("contact.language", "eq", "ja"), fact("contact.language", "eq", "en")]}, False),
        ({"all": [{"any": [fact("orders.count", "gte", 2)]}, {"not": fact("orders.count", "gte", 2)}]}, False),
        ({"all": [fact("orders.count", "gte", 2), fact("orders.count", "lt", 3)]}, True),
        ({"any": [fact("pyramid.stage", "eq", 3), fact("pyramid.stage", "eq", 4)]}, True),
        ({"all": [fact("orders.count", "gte", 2), fact("orders.count", "lt", 2, kind="trial")]}, True),
        ({"all": [fact("contact.language", "starts_with", "j"), fact("contact.language", "contains", "a")]}, True),
        ({"all": []}, True),
    ],
)
def test_a_goal_that_nobody_can_reach(goal: dict[str, Any], is_possible: bool) -> None:
    assert codes(send("m"), goal=goal) == ([] if is_possible else ["goal_impossible"])


def test_two_messages_with_no_wait_between() -> None:
    (hint,) = lint(program(send("a"), send("b")), ROLES, 3)
    assert (hint.code, hint.step, hint.values) == ("no_wait_between", key("b"), {"after": key("a")})
    assert codes(send("a"), wait("w"), send("b")) == []
    assert codes(branch("f", BOUGHT, [send("a")], [send("b")])) == []
    assert codes(branch("f", BOUGHT, [send("a"), wait("w")], [send("b")]), send("c")) == ["no_wait_between"]
    line = ("l", {**send("l")[1], "channel": "line"})
    assert codes(send("a"), line) == []


def test_errors_come_first_and_are_few() -> None:
    hints = lint(program(send("a"), send("b"), wait("w", 0), leave("x"), send("c")), ROLES, 3)
    assert [(hint.code, hint.is_error) for hint in hints] == [
        ("unreachable", True),
        ("zero_wait", True),
        ("no_wait_between", False),
    ]


def test_the_stages_that_fit_a_condition() -> None:
    assert stages_that_fit(None) == frozenset({1, 2, 3, 4, 5})
    assert stages_that_fit({"not": fact("pyramid.stage", "gte", 3)}) == frozenset({1, 2})
    mixed = {"any": [fact("pyramid.stage", "eq", 1), fact("orders.count", "gte", 1)]}
    assert stages_that_fit(mixed) == frozenset({1, 2, 3, 4, 5})


def test_what_cannot_be_asked_may_be() -> None:
    assert may_hold({"all": [fact("no.such", "eq", 1)]})


LEAVES = st.builds(
    fact, st.just("orders.count"), st.sampled_from(["eq", "ne", "gt", "gte", "lt", "lte"]), st.integers(-2, 5)
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(lambda parts: {"all": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda parts: {"any": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda part: {"not": part}, inner),
    ),
    max_leaves=5,
)


def _meets(tree: dict[str, Any], count: int) -> bool:
    if "all" in tree:
        return all(_meets(part, count) for part in tree["all"])
    if "any" in tree:
        return any(_meets(part, count) for part in tree["any"])
    if "not" in tree:
        return not _meets(tree["not"], count)
    value = tree["value"]
    answers = {"eq": count == value, "ne": count != value, "gt": count > value, "gte": count >= value}
    return (answers | {"lt": count < value, "lte": count <= value})[tree["op"]]


@given(TREES)
def test_a_condition_may_hold_if_and_only_if_somebody_can_meet_it(tree: dict[str, Any]) -> None:
    assert may_hold(tree) == any(_meets(tree, count) for count in range(20))


def test_nobody_is_held_back_from_a_message_that_people_are_owed() -> None:
    assert found(send("receipt", RECEIPT), holdout=10) == [("held_back_receipt", key("receipt"))]
    assert found(send("receipt", RECEIPT), holdout=None) == []
    assert found(send("letter"), holdout=10) == []
