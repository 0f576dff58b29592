"""What is asked of surveys and of the inbox."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import pgettext_lazy

from jouren.conditions.choices import Choice
from jouren.core.sql import load_sql
from jouren.inbox.models import Inquiry, Survey, SurveyAnswer
from jouren.inbox.policies import Share, is_satisfied
from jouren.inbox.vocabulary import Question, Satisfaction
from jouren.messaging.surveys import Shown

_sql = load_sql("inbox")
ANSWER = "answer"
"""In an address: the button of a survey whose answers are not chosen in the mail."""


@dataclass(frozen=True, slots=True)
class Results:
    """A survey's figures: messages that asked, people who answered, and what each said last."""

    asked: int
    answered: int
    by_satisfaction: list[tuple[Satisfaction, Share]]
    still_using: Share
    worth_price: Share


def results_of(survey: Survey) -> Results:
    """What people answered; of everybody the latest."""
    row = _sql.one("results", {"survey_id": survey.pk})
    asked = _sql.one("asked", {"survey_id": survey.pk})
    assert row is not None and asked is not None
    people, *by_choice = row[:4]
    rated = sum(by_choice)
    shares = [(choice, Share(said, rated)) for choice, said in zip(Satisfaction, by_choice, strict=True)]
    return Results(asked[0], people, shares, Share(row[4], row[5]), Share(row[6], row[7]))


def survey_choices() -> list[tuple[str, str]]:
    """The open surveys by name, for a message's editor."""
    return [(str(pk), name) for pk, name in Survey.objects.filter(is_open=True).values_list("pk", "name")]


def shown_in_messages(survey_id: int) -> Shown | None:
    """What a message shows of a survey: the three answers, or one button where the page asks."""
    survey = Survey.objects.filter(pk=survey_id).first()
    if survey is None:
        return None
    if survey.asks(Question.SATISFACTION):
        return Shown(survey.title, [(choice.value, choice.label) for choice in Satisfaction])
    return Shown(survey.title, [(ANSWER, pgettext_lazy("button in a mail", "Answer"))])


def satisfaction_choices() -> list[Choice]:
    """The three answers, for conditions."""
    return [(choice.value, choice.label) for choice in Satisfaction]


def satisfied_people(contact_ids: Collection[int], now: datetime) -> Mapping[int, bool]:
    """Of these people, by then, those who ever said how satisfied they were: whether they were, the last time."""
    rows = _sql.all("satisfaction_of", {"contact_ids": list(contact_ids), "now": now})
    known = {contact_id: is_satisfied(satisfaction) for contact_id, satisfaction in rows}
    return {contact_id: answer for contact_id, answer in known.items() if answer is not None}


def last_satisfaction(contact_id: int, product_id: int | None) -> str:
    """How satisfied somebody said to be with a product, the last time; empty where they never said it."""
    said = SurveyAnswer.objects.filter(contact=contact_id, product=product_id).exclude(satisfaction="")
    return said.order_by("-answered_at", "-pk").values_list("satisfaction", flat=True).first() or ""


def latest_answer(survey: Survey, contact_id: int, delivery_id: int) -> SurveyAnswer | None:
    """What somebody answered last of what that message asked."""
    answers = survey.answers.filter(contact_id=contact_id, delivery_id=delivery_id)
    return answers.order_by("-answered_at", "-pk").first()


def latest_words(survey: Survey, limit: int) -> list[SurveyAnswer]:
    """The newest answers with words of their own, with their people."""
    spoken = survey.answers.exclude(trouble="", expectation="").filter(contact__erased_at=None)
    return list(spoken.select_related("contact").order_by("-answered_at", "-pk")[:limit])


def open_inquiries(limit: int) -> list[Inquiry]:
    """What waits for a person, the newest first."""
    waiting = Inquiry.objects.filter(handled_at=None).select_related("contact", "survey")
    return list(waiting.order_by("-at", "-pk")[:limit])


def handled_inquiries(limit: int) -> list[Inquiry]:
    """What was handled lately."""
    done = Inquiry.objects.filter(handled_at__isnull=False).select_related("contact", "survey", "handled_by")
    return list(done.order_by("-handled_at")[:limit])


def count_open() -> int:
    """How much waits."""
    return Inquiry.objects.filter(handled_at=None).count()
