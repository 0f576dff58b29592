"""What an answer is made of, and what answers amount to."""

from __future__ import annotations

import pytest

from jouren.inbox.policies import Given, Share, first_questions, further_questions, is_satisfied
from jouren.inbox.vocabulary import Question


def test_what_was_not_asked_is_left_out() -> None:
    given = Given("above", True, False, "肩こり", "速い")
    assert given.only(["satisfaction", "worth_price"]) == Given("above", worth_price=False)
    assert Given("above").only(["trouble"]).is_empty


def test_a_later_page_adds_to_what_was_answered_and_replaces_it() -> None:
    before = Given("below", still_using=True)
    assert Given(still_using=False, trouble="肩こり").after(before) == Given("below", False, trouble="肩こり")


@pytest.mark.parametrize(
    ("said", "satisfied"), [("above", True), ("as_expected", True), ("below", False), ("", None), ("x", None)]
)
def test_as_expected_is_satisfied_and_no_answer_says_nothing(said: str, satisfied: bool | None) -> None:
    assert is_satisfied(said) is satisfied


def test_satisfaction_is_asked_first_and_alone() -> None:
    asked = ["trouble", "satisfaction", "still_using"]
    assert first_questions(asked) == [Question.SATISFACTION]
    assert further_questions(asked) == [Question.STILL_USING, Question.TROUBLE]
    assert first_questions(["expectation"]) == [Question.EXPECTATION]


def test_no_share_is_told_of_a_few_answers() -> None:
    assert (Share(9, 9).rate, Share(9, 9).interval) == (None, None)
    # Wilson 1927, 95 %: 5 of 10 lie between 23.7 % and 76.3 %.
    told = Share(5, 10)
    assert told.rate == 0.5
    assert told.interval is not None
    assert [round(each, 3) for each in told.interval] == [0.237, 0.763]
