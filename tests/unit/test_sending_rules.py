"""What the sending rules say together; their reasons, checks, readiness and silence."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jouren.messaging.gate import Verdict
from jouren.messaging.sending_rules.caps import Gone, calendar_start
from jouren.messaging.sending_rules.checks import find_problems
from jouren.messaging.sending_rules.policies import Candidate, Rulebook, within_delay
from jouren.messaging.sending_rules.readiness import HelpAndAsk
from jouren.messaging.sending_rules.silence import pace
from jouren.messaging.sending_rules.terms import Action, Cap, Quiet, Readiness, Rules, Unit, Window, late, read_reason
from tests.sending_rules import NIGHT, OFFICE, TOKYO, calendar_caps, gone, moments, rolling_caps, rulesets, tokyo, zones


def say(
    rules: Rules,
    now: datetime,
    sent: Sequence[Gone] = (),
    *,
    kind: str = "help",
    zone: ZoneInfo = TOKYO,
    **more: object,
) -> Verdict | None:
    moment = more.get("moment", now)
    assert isinstance(moment, datetime)
    reached = more.get("reached", 0)
    assert isinstance(reached, int)
    return Rulebook(rules).judge(Candidate("email", kind, "news", zone, moment), sent, reached, now)


@given(rulesets, moments, st.lists(st.integers(0, 60 * 24 * 60), max_size=12), zones, st.sampled_from(["help", "ask"]))
def test_a_deferral_is_never_in_the_past_and_nothing_is_in_its_way_then(
    rules: Rules, now: datetime, minutes_ago: list[int], zone: ZoneInfo, kind: str
) -> None:
    sent = gone(*(now - timedelta(minutes=ago) for ago in minutes_ago))
    verdict = say(rules, now, sent, kind=kind, zone=zone)
    if verdict is None:
        return
    assert verdict.until is not None
    assert verdict.until > now
    # What it waited for has come: asked then, and if it became ready meanwhile, it goes.
    assert say(rules, verdict.until, sent, kind=kind, zone=zone, reached=3) is None


@given(st.lists(rolling_caps | calendar_caps, min_size=1, max_size=3).map(tuple), moments, st.integers(1, 30), zones)
def test_whoever_follows_the_rules_never_breaks_a_cap(
    limits: tuple[Cap, ...], start: datetime, count: int, zone: ZoneInfo
) -> None:
    rules, now, sent = Rules(zone=zone, caps=limits), start, list[Gone]()
    for number in range(count):
        verdict = say(rules, now, sent)
        if verdict is not None:
            assert verdict.until is not None
            now = verdict.until
        sent.append(Gone(number, now, "email", "help", "news"))
    for cap in limits:
        for first, last in zip(sent, sent[cap.most :], strict=False):
            if cap.period is not None:
                assert last.at - first.at >= cap.period
            else:
                assert calendar_start(cap.unit, first.at, zone) < calendar_start(cap.unit, last.at, zone)
    assert all(earlier.at <= later.at for earlier, later in pairwise(sent))


def test_without_rules_everything_goes() -> None:
    assert say(Rules(), tokyo(2026, 3, 2, 3)) is None


def test_all_rules_must_hold_at_the_moment_that_is_named() -> None:
    rules = Rules(TOKYO, quiet=NIGHT, window=OFFICE, caps=(Cap(4, 1, Unit.DAYS, 2),))
    sent = gone(tokyo(2026, 3, 4, 20, 30))
    verdict = say(rules, tokyo(2026, 3, 5, 23), sent)
    # Two days later is a Friday at 20:30, after hours: the Monday morning after.
    assert verdict == Verdict("window", tokyo(2026, 3, 9, 8), "window")


def test_the_rule_that_moves_it_last_gives_the_reason() -> None:
    rules = Rules(TOKYO, quiet=NIGHT, caps=(Cap(4, 1, Unit.DAYS, 1, "email"),))
    sent = gone(tokyo(2026, 3, 4, 20))
    verdict = say(rules, tokyo(2026, 3, 4, 22), sent)
    assert verdict == Verdict("cap:4:1:1d:email::", tokyo(2026, 3, 5, 20), "cap:4", [1])


def test_a_rule_that_skips_ends_it() -> None:
    rules = Rules(TOKYO, quiet=Quiet(time(21), time(8), Action.SKIP))
    assert say(rules, tokyo(2026, 3, 4, 22)) == Verdict("quiet", None, "quiet")


def test_a_cap_that_skips_is_asked_about_the_moment_at_which_it_would_go() -> None:
    rules = Rules(TOKYO, quiet=NIGHT, caps=(Cap(4, 1, Unit.DAY, action=Action.SKIP),))
    sent = gone(tokyo(2026, 3, 4, 12))
    assert say(rules, tokyo(2026, 3, 4, 20), sent) == Verdict("cap:4:1:day:::", None, "cap:4", [1])
    assert say(rules, tokyo(2026, 3, 4, 22), sent) == Verdict("quiet", tokyo(2026, 3, 5, 8), "quiet")


def test_an_ask_waits_a_day_until_enough_has_helped() -> None:
    rules = Rules(TOKYO, readiness=Readiness(3))
    now = tokyo(2026, 3, 4, 12)
    assert say(rules, now, kind="ask", reached=2) == Verdict("ready:3:2", now + timedelta(days=1), "ready")
    assert say(rules, now, kind="ask", reached=3) is None
    assert say(rules, now, kind="help", reached=0) is None


def test_readiness_is_not_judged_ahead_of_time() -> None:
    rules = Rules(TOKYO, readiness=Readiness(3, Action.SKIP))
    now = tokyo(2026, 3, 4, 12)
    assert say(rules, now, kind="ask", moment=now + timedelta(days=2)) is None
    assert say(rules, now, kind="ask") == Verdict("ready:3:0", None, "ready")


def test_a_message_due_later_is_judged_for_then() -> None:
    rules = Rules(TOKYO, quiet=NIGHT)
    assert say(rules, tokyo(2026, 3, 4, 22), moment=tokyo(2026, 3, 5, 12)) is None
    verdict = say(rules, tokyo(2026, 3, 4, 12), moment=tokyo(2026, 3, 4, 22))
    assert verdict == Verdict("quiet", tokyo(2026, 3, 5, 8), "quiet")


def test_who_would_wait_too_long_is_not_written_to() -> None:
    now = tokyo(2026, 3, 4, 12)
    waits = Verdict("cap:4:1:week:::", now + timedelta(days=3), "cap:4", [7])
    assert within_delay(waits, now, timedelta(days=3)) == waits
    assert within_delay(waits, now - timedelta(seconds=1), timedelta(days=3)) == Verdict(
        "late:cap:4:1:week:::", None, "cap:4", [7]
    )


@given(rolling_caps | calendar_caps, st.sampled_from(["", "email", "line"]), st.sampled_from(["", "ask"]))
def test_a_cap_is_read_back_from_its_reason(cap: Cap, channel: str, kind: str) -> None:
    cap = Cap(cap.id, cap.most, cap.unit, cap.length, channel, kind, "" if kind else "tea-news")
    for reason, is_late in ((cap.reason, False), (late(cap.reason), True)):
        terms = read_reason(reason)
        assert terms is not None
        assert (terms.rule, terms.is_late, terms.cap) == ("cap", is_late, cap)


def test_the_longest_reason_fits_its_column() -> None:
    cap = Cap(999_999, 1000, Unit.HOURS, 8784, "email", "", "x" * 50)
    assert len(late(cap.reason)) <= 100


@pytest.mark.parametrize(
    "reason",
    ["", "late:", "no_consent", "suppressed:manual", "cap:1", "cap:x:1:day:::", "cap:1:1:year:::", "ready:3"],
)
def test_other_reasons_are_not_ours(reason: str) -> None:
    assert read_reason(reason) is None


def test_readiness_says_how_far_it_was() -> None:
    terms = read_reason("late:ready:3:1")
    assert terms is not None
    assert (terms.rule, terms.is_late, terms.needed, terms.reached) == ("ready", True, 3, 1)


@pytest.mark.parametrize(
    ("rules", "parts"),
    [
        (Rules(), []),
        (Rules(quiet=NIGHT, window=OFFICE, caps=(Cap(0, 1, Unit.DAY),), readiness=Readiness(3)), []),
        (Rules(quiet=Quiet(time(8), time(8))), ["quiet"]),
        (Rules(window=Window(days=frozenset())), ["window"]),
        (Rules(quiet=Quiet(time(7), time(21)), window=OFFICE), ["window"]),
        (Rules(longest_delay=timedelta()), ["delay"]),
        (Rules(longest_delay=timedelta(days=31)), ["delay"]),
        (Rules(readiness=Readiness(0)), ["readiness"]),
        (Rules(caps=(Cap(0, 0, Unit.DAY),)), ["caps"]),
        (Rules(caps=(Cap(0, 1, Unit.DAYS, 0),)), ["caps"]),
        (Rules(caps=(Cap(0, 1, Unit.DAYS, 367),)), ["caps"]),
        (Rules(caps=(Cap(1, 1, Unit.DAY), Cap(2, 3, Unit.DAY))), ["caps"]),
        (Rules(caps=(Cap(1, 1, Unit.DAY), Cap(2, 3, Unit.DAY, kind="ask"))), []),
    ],
)
def test_what_cannot_work_is_named(rules: Rules, parts: list[str]) -> None:
    assert [problem.part for problem in find_problems(rules, 8)] == parts


def test_an_hour_is_one_of_24() -> None:
    assert [problem.part for problem in find_problems(Rules(), 24)] == ["hour"]


def test_the_ratio_waits_for_the_first_ask() -> None:
    assert HelpAndAsk(6, 2).helps_an_ask == 3
    assert HelpAndAsk(6).helps_an_ask is None


def test_twice_the_usual_gap_is_not_yet_silence() -> None:
    days = [date(2026, 3, 1) + timedelta(weeks=week) for week in range(4)]
    last = days[-1]
    for silent_for, is_silent in ((0, False), (14, False), (15, True)):
        found = pace(days, last + timedelta(days=silent_for))
        assert found is not None
        assert (found.last, found.usual, found.is_silent) == (last, timedelta(days=7), is_silent)


def test_with_two_issues_nothing_is_usual() -> None:
    found = pace([date(2026, 3, 1), date(2026, 3, 8)], date(2027, 3, 8))
    assert found is not None
    assert (found.usual, found.is_silent) == (None, False)
    assert pace([], date(2026, 3, 1)) is None


def test_only_the_last_ten_gaps_count() -> None:
    start = date(2026, 1, 1)
    monthly = [start + timedelta(days=30 * n) for n in range(12)]
    daily = [monthly[-1] + timedelta(days=n) for n in range(1, 11)]
    found = pace(monthly + daily, daily[-1] + timedelta(days=3))
    assert found is not None
    assert (found.issues, found.usual, found.is_silent) == (11, timedelta(days=1), True)


@given(st.lists(st.dates(date(2020, 1, 1), date(2026, 1, 1))), st.dates(date(2026, 1, 1), date(2030, 1, 1)))
def test_it_needs_no_order_and_never_fails(days: list[date], today: date) -> None:
    assert pace(days, today) == pace(sorted(days, reverse=True), today)
