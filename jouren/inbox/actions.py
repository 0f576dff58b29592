"""What writes surveys: staff's own doing, and what people answer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.utils import translation
from django.utils.translation import gettext as _
from wagtail.log_actions import log

from jouren.contacts.actions import come_back, note_problem
from jouren.contacts.actions.base import locked
from jouren.contacts.actions.peace import BY_SURVEY
from jouren.contacts.models import SuppressionReason
from jouren.contacts.policies import clean_text
from jouren.core import clock
from jouren.events.actions import NewEvent, record_events
from jouren.inbox.errors import BadAnswer, BadSurvey
from jouren.inbox.inquiries import open_inquiry
from jouren.inbox.invitations import note_satisfied
from jouren.inbox.models import Survey, SurveyAnswer
from jouren.inbox.policies import Given, is_satisfied
from jouren.inbox.vocabulary import InquiryKind, Question, Satisfaction
from jouren.peace.actions import leave_dissatisfied

MAX_NAME_LENGTH, MAX_TITLE_LENGTH, MAX_THANKS_LENGTH, MAX_WORDS_LENGTH = 100, 100, 500, 500
_AUDITED = ("name", "product_id", "title", "questions", "thanks", "is_open")


@transaction.atomic
def save_survey(survey: Survey, *, by: AbstractBaseUser | None = None) -> Survey:
    """Keep a survey, a new one or as it was changed. The audit log keeps what changed.

    Raises:
        BadSurvey: a detail cannot be kept; ``field`` names it.
    """
    before = Survey.objects.select_for_update().filter(pk=survey.pk).first() if survey.pk else None
    _clean(survey)
    taken = BadSurvey(_("There is another survey of the name “%(name)s”.") % {"name": survey.name}, "name")
    if Survey.objects.filter(name=survey.name).exclude(pk=survey.pk or 0).exists():
        raise taken
    try:
        with transaction.atomic():
            survey.save()
    except IntegrityError:
        raise taken from None
    if by is not None:
        changes = {
            name: [getattr(before, name), getattr(survey, name)]
            for name in _AUDITED
            if before is not None and getattr(before, name) != getattr(survey, name)
        }
        act = "change_survey" if before else "add_survey"
        log(instance=survey, action=f"inbox.{act}", user=by, title=survey.name, data={"changes": changes})
    return survey


def _clean(survey: Survey) -> None:
    survey.name, survey.title, survey.thanks = map(clean_text, (survey.name, survey.title, survey.thanks))
    for field, most in (("name", MAX_NAME_LENGTH), ("title", MAX_TITLE_LENGTH)):
        if not 0 < len(getattr(survey, field)) <= most:
            raise BadSurvey(_("Write 1 to %(limit)s characters.") % {"limit": most}, field)
    if len(survey.thanks) > MAX_THANKS_LENGTH:
        raise BadSurvey(_("Write at most %(limit)s characters.") % {"limit": MAX_THANKS_LENGTH}, "thanks")
    if not survey.questions or not set(survey.questions) <= set(Question.values):
        raise BadSurvey(_("Choose at least one question."), "questions")
    survey.questions = [each.value for each in Question if each in survey.questions]


@transaction.atomic
def record_answer(survey: Survey, contact_id: int, given: Given, *, delivery_id: int | None = None) -> SurveyAnswer:
    """Keep what somebody answered, with what follows of it. What they had answered before of it stays.

    The same answer to the same message once more changes nothing. Not satisfied: colleagues are told, and the rule for
    leaving in peace is asked. Satisfied: whoever was left in peace for having been dissatisfied comes back.

    Raises:
        BadAnswer: nobody can answer that.
        ContactNotFound: the person is gone.
    """
    contact = locked(contact_id)
    given = _checked(survey, given)
    # A further page of the same message adds to what the first one kept; another message asks anew.
    last = survey.answers.filter(contact=contact, delivery_id=delivery_id).order_by("-answered_at", "-pk").first()
    if last is not None:
        given = given.after(given_in(last)).only(survey.questions)
        if given == given_in(last):
            return last
    answer = SurveyAnswer.objects.create(
        survey=survey,
        contact=contact,
        product_id=survey.product_id,
        delivery_id=delivery_id,
        answered_at=clock.now(),
        **{name: getattr(given, name) for name in Question.values},
    )
    before = given_in(last) if last is not None else Given()
    record_events(list(_events(survey, answer, before, is_further=last is not None)))
    if answer.trouble and answer.trouble != before.trouble:
        note_problem(contact.pk, answer.trouble, source=survey.name)
    _follow(survey, answer)
    return answer


def given_in(answer: SurveyAnswer) -> Given:
    """What an answer holds."""
    return Given(**{name: getattr(answer, name) for name in Question.values})


def _checked(survey: Survey, given: Given) -> Given:
    words = {name: clean_text(getattr(given, name)) for name in ("trouble", "expectation")}
    cleaned = Given(given.satisfaction, given.still_using, given.worth_price, **words).only(survey.questions)
    if cleaned.is_empty:
        raise BadAnswer(_("Please answer at least one question."))
    if cleaned.satisfaction not in {"", *Satisfaction.values}:
        raise BadAnswer(_("Please choose one of the answers."))
    if any(len(text) > MAX_WORDS_LENGTH for text in words.values()):
        raise BadAnswer(_("Please write at most %(limit)s characters.") % {"limit": MAX_WORDS_LENGTH})
    return cleaned


def _events(survey: Survey, answer: SurveyAnswer, before: Given, *, is_further: bool) -> Iterable[NewEvent]:
    about: dict[str, Any] = {"survey": survey.pk, "title": survey.name}
    if answer.product_id is not None:
        about["product"] = answer.product_id
    if answer.expectation and answer.expectation != before.expectation:
        payload = {**about, "text": answer.expectation}
        yield NewEvent("expectation.told", answer.contact_id, payload, occurred_at=answer.answered_at)
    said = {
        name: value
        for name in ("satisfaction", "still_using", "worth_price", "trouble")
        if (value := getattr(answer, name)) not in ("", None)
    }
    if said:
        payload = {**about, **said, "further": is_further}
        yield NewEvent("survey.answered", answer.contact_id, payload, occurred_at=answer.answered_at)


def _follow(survey: Survey, answer: SurveyAnswer) -> None:
    satisfied = is_satisfied(answer.satisfaction)
    if satisfied is False:
        with translation.override(settings.LANGUAGE_CODE):
            told = _told(survey, answer)
        open_inquiry(InquiryKind.DISSATISFIED, answer.contact_id, told, survey=survey)
        leave_dissatisfied(answer.contact_id)
    elif satisfied:
        come_back(answer.contact_id, via=BY_SURVEY, reasons={SuppressionReason.DISSATISFIED.value})
        note_satisfied(answer)


def _told(survey: Survey, answer: SurveyAnswer) -> str:
    """What colleagues are told: the answer, as the person gave it."""
    lines = [f"{survey.name}: {Satisfaction(answer.satisfaction).label}"]
    answers = {True: _("Yes"), False: _("No")}
    for question, value in ((Question.STILL_USING, answer.still_using), (Question.WORTH_PRICE, answer.worth_price)):
        if value is not None:
            lines.append(f"{question.label} {answers[value]}")
    if answer.trouble:
        lines.append(f"{Question.TROUBLE.label} {answer.trouble}")
    return "\n".join(lines)
