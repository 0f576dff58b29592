"""What differs between two compiled journeys, and where the people of one go on in the other."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from jouren.journeys.changes import compare
from jouren.journeys.engine import Walker
from jouren.journeys.passage import passage, surviving_steps
from jouren.journeys.shape import ahead, in_order, places
from tests.programs import branch, fact, key, leave, program, send, wait, wait_for

NOON = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
JAPANESE = fact("contact.language", "eq", "ja")


def told(old: dict[str, Any], new: dict[str, Any]) -> list[tuple[str, str]]:
    """The changes of steps as (kind, id of the step)."""
    return [(change.kind, change.step) for change in compare(old, new).steps]


def test_equal_programs_do_not_differ() -> None:
    steps = [send("a"), branch("f", JAPANESE, [send("b")], [wait("w")]), leave("x")]
    assert not compare(program(*steps), program(*steps))


def test_another_event_that_ends_walks_is_a_change_of_the_exits() -> None:
    undone = {"event": "order.undone", "match": {}, "where": [], "keyed": "order", "reason": "undone"}
    assert compare(program(send("a")), program(send("a"), endings=[undone])).rules == ("exits",)


def test_added_and_removed_steps_stand_where_they_are_or_were() -> None:
    old = program(send("a"), wait("w"), send("b"), wait("v"), send("c"))
    new = program(send("a"), send("new"), send("b"), send("c"))
    assert told(old, new) == [("removed", key("w")), ("added", key("new")), ("removed", key("v"))]


def test_a_changed_step_is_changed_and_its_neighbours_are_not() -> None:
    old = program(send("a"), wait("w", 3), send("b"))
    new = program(send("a"), wait("w", 2), send("b"))
    assert told(old, new) == [("changed", key("w"))]


def test_of_steps_that_were_reordered_the_fewest_have_moved() -> None:
    old = program(*(send(name) for name in "abcde"))
    assert told(old, program(*(send(name) for name in "eabcd"))) == [("moved", key("e"))]
    assert told(old, program(*(send(name) for name in "bcdea"))) == [("moved", key("a"))]


def test_a_step_in_another_way_has_moved() -> None:
    old = program(branch("f", JAPANESE, [send("a")], []), send("b"))
    new = program(branch("f", JAPANESE, [], [send("a")]), send("b"))
    assert told(old, new) == [("moved", key("a"))]
    wrapped = program(branch("g", JAPANESE, [send("b")], []))
    assert told(program(send("b")), wrapped) == [("added", key("g")), ("moved", key("b"))]


def test_rules_are_compared_by_name() -> None:
    old = program(send("a"), goal=fact("orders.count", "gte", 1))
    new = program(send("a"), goal=fact("orders.count", "gte", 2), zone="Asia/Seoul", entries_per_hour=100)
    assert compare(old, new).rules == ("entries_per_hour", "goal", "zone")
    assert compare(old, new).steps == ()


names = st.lists(st.sampled_from("abcdefgh"), unique=True, min_size=1)


@given(names, names)
def test_what_is_told_makes_the_new_of_the_old(before: list[str], after: list[str]) -> None:
    old, new = program(*(send(name) for name in before)), program(*(send(name) for name in after))
    changes = compare(old, new)
    gone = {change.step for change in changes.of("removed")}
    come = {change.step for change in changes.of("added")}
    moved = {change.step for change in changes.of("moved")}
    assert gone == old["steps"].keys() - new["steps"].keys()
    assert come == new["steps"].keys() - old["steps"].keys()
    stayed = [key(name) for name in before if key(name) not in gone | moved]
    assert stayed == [key(name) for name in after if key(name) not in come | moved]


def test_the_shape_of_a_program() -> None:
    fork = branch("f", JAPANESE, [send("a"), leave("x")], [wait("w")])
    compiled = program(fork, send("b"))
    assert [(place.step, place.inside) for place in places(compiled)] == [
        (key("f"), None),
        (key("a"), (key("f"), 0)),
        (key("x"), (key("f"), 0)),
        (key("w"), (key("f"), 1)),
        (key("b"), None),
    ]
    assert ahead(compiled, key("a")) == {key("a"), key("x")}
    assert ahead(compiled, None) == frozenset()
    order = in_order(compiled)
    assert order[0] == key("f")
    assert order.index(key("w")) < order.index(key("b"))
    assert set(order) == set(compiled["steps"])


def test_a_long_program_has_an_order() -> None:
    compiled = program(*(send(str(number)) for number in range(500)))
    assert in_order(compiled) == [key(str(number)) for number in range(500)]


def walker(step: str, heard: int | None = None) -> Walker:
    return Walker(1, 1, 1, 1, key(step), NOON, NOON, heard, "")


def test_who_stands_at_a_step_that_is_gone_goes_on_at_the_next_that_is_left() -> None:
    old = program(send("a"), wait("w"), send("b"), wait("v"), send("c"))
    way = passage(old, program(send("a"), send("c")))
    assert way.instead == {key("w"): key("c"), key("b"): key("c"), key("v"): key("c")}
    later = NOON.replace(hour=5)
    assert way.carry(walker("w"), 7, later) == walker("c")._replace(version_id=7, arrived_at=later)
    assert way.carry(walker("a"), 7, later) == walker("a")._replace(version_id=7)


def test_a_new_wait_in_the_place_of_one_that_is_gone_takes_its_people_with_the_time_they_waited() -> None:
    old = program(send("a"), wait("w"), send("b"))
    way = passage(old, program(send("a"), send("new"), wait("instead"), send("b")))
    assert way.instead == {key("w"): key("instead")}
    assert way.carry(walker("w"), 7, NOON.replace(hour=5)) == walker("instead")._replace(version_id=7)
    assert passage(program(wait("w"), send("b")), program(wait("instead"), send("b"))).replaced == {key("w")}
    inside = passage(
        program(branch("f", JAPANESE, [send("a"), wait("w")], [])),
        program(branch("f", JAPANESE, [send("a"), wait("instead")], [])),
    )
    assert inside.instead == {key("w"): key("instead")}


def test_no_other_new_step_is_taken_for_one_that_is_gone() -> None:
    old = program(send("a"), wait("w"), send("b"), wait("v"))
    assert passage(old, program(send("a"), send("new"), send("b"))).instead[key("w")] == key("b")
    assert passage(old, program(send("a"), send("b"), wait("x"))).instead == {key("w"): key("b"), key("v"): key("x")}
    # All is new: nobody begins again.
    assert set(passage(old, program(send("x"), wait("y"), send("z"))).instead.values()) == {None}


def test_what_somebody_has_heard_counts_where_it_is_still_waited_for() -> None:
    def both(*events: str) -> dict[str, Any]:
        name, raw = wait_for("w", "order.paid")
        paths = [{**raw["paths"][0], "event": event} for event in events]
        return program((name, {**raw, "paths": paths}))

    way = passage(both("order.paid", "message.clicked"), both("form.submitted", "message.clicked", "order.paid"))
    assert way.anew == {key("w")}
    assert way.carry(walker("w", heard=0), 7, NOON).heard == 2
    assert way.carry(walker("w", heard=1), 7, NOON).heard == 1
    back = passage(both("order.paid", "message.clicked"), both("message.clicked"))
    assert back.carry(walker("w", heard=0), 7, NOON).heard is None
    assert back.carry(walker("w", heard=1), 7, NOON).heard == 0


def test_another_name_of_a_way_is_another_step_that_hears_the_same() -> None:
    name, raw = wait_for("w", "order.paid")
    renamed = {**raw, "paths": [{**raw["paths"][0], "name": "Bought"}]}
    way = passage(program((name, raw)), program((name, renamed)))
    assert way.anew == {key("w")}
    assert way.carry(walker("w", heard=0), 7, NOON).heard == 0


def test_another_zone_has_everybody_looked_at_again() -> None:
    steps = [wait("w"), send("a")]
    way = passage(program(*steps), program(*steps, zone="Asia/Seoul"))
    assert way.anew == {key("w"), key("a")}
    assert passage(program(*steps), program(*steps)).affected == []


def test_deleted_forks_lead_to_where_their_ways_meet() -> None:
    old = {
        "steps": {
            "fork": {"type": "branch", "then": "yes", "else": "no"},
            "yes": {"type": "wait", "next": "end"},
            "no": {"type": "wait", "next": "end"},
            "end": {"type": "exit"},
        }
    }
    assert surviving_steps(old, {"steps": {"end": {}}}) == {"fork": "end", "yes": "end", "no": "end"}
    assert surviving_steps(old, {"steps": {"yes": {}, "end": {}}}) == {"fork": "end", "no": "end"}
    assert surviving_steps(old, {"steps": {"yes": {}}}) == {"fork": None, "no": None, "end": None}
