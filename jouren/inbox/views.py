"""A survey's page. The link in a mail opens it with the answer chosen; only its button sends the answer.

Scanners follow links and run scripts, so a GET keeps nothing and no script sends the form.
"""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from jouren.capture.preferences import Reader, find_reader
from jouren.capture.views.base import notice, public_view, unknown_link
from jouren.core import clock
from jouren.core.allowances import use_allowance
from jouren.inbox.actions import given_in, record_answer
from jouren.inbox.errors import BadAnswer
from jouren.inbox.forms import AnswerForm
from jouren.inbox.invitations import invitation_for
from jouren.inbox.models import Survey
from jouren.inbox.policies import ANSWER_WITHIN, first_questions, further_questions
from jouren.inbox.queries import latest_answer
from jouren.inbox.vocabulary import Question, Satisfaction
from jouren.messaging.models import Delivery
from jouren.messaging.surveys import NO_READER

POSTS_PER_HOUR = 30
_HOUR = timedelta(hours=1)
_MORE, _THANKS = "more", "thanks"


@public_view("GET", "HEAD", "POST")
def survey_view(request: HttpRequest, token: str, survey_id: int, answer: str) -> HttpResponseBase:
    """GET shows the questions, POST keeps the answers. ``answer``: the button in the mail. Raises ContactNotFound."""
    if token == NO_READER:
        text = _("These buttons belong to the mail that we send to you. There they work.")
        return notice(request, _("This is a preview"), text)
    reader = find_reader(token)
    survey = Survey.objects.filter(pk=survey_id).first() if survey_id < 2**63 else None
    if reader is None or survey is None:
        return unknown_link(request)
    if not survey.is_open or _is_late(reader):
        text = _("Thank you for wanting to tell us. You can always write to us by answering one of our mails.")
        return notice(request, _("This survey is over"), text, status=410)
    page = next((page for page in (_THANKS, _MORE) if page in request.GET), "")
    if request.method == "POST":
        return _answered(request, survey, reader, page)
    if page == _THANKS:
        text = survey.thanks or _("Your answer has reached us. It helps us to do better.")
        invitation = invitation_for(latest_answer(survey, reader.contact_id, reader.delivery_id))
        if invitation is None:
            return notice(request, _("Thank you"), text, kind="done")
        said, link, button = f"{text}\n\n{invitation.text}", invitation.url, invitation.button
        return notice(request, _("Thank you"), said, kind="done", link=link, link_text=button)
    return _ask(request, survey, reader, _form(survey, page, answer, reader), page)


def _form(survey: Survey, page: str, answer: str, reader: Reader) -> AnswerForm:
    """The page's form, as somebody sees it first: with the button that they pressed, or what they had answered."""
    last = latest_answer(survey, reader.contact_id, reader.delivery_id)
    before = given_in(last) if last is not None else None
    if page != _MORE and answer in Satisfaction.values:
        return AnswerForm(first_questions(survey.questions), initial={Question.SATISFACTION.value: answer})
    questions = further_questions(survey.questions) if page == _MORE else first_questions(survey.questions)
    words = {True: "yes", False: "no"}
    initial = {
        each.value: words.get(value, value) if isinstance(value, bool) else value
        for each in questions
        if before is not None and (value := getattr(before, each.value)) not in ("", None)
    }
    return AnswerForm(questions, initial=initial)


def _answered(request: HttpRequest, survey: Survey, reader: Reader, page: str) -> HttpResponseBase:
    if use_allowance("survey", f"{reader.delivery_id}:{survey.pk}", _HOUR).count > POSTS_PER_HOUR:
        text = _("We have your answers. If you want to change them once more, please come back in an hour.")
        return notice(request, _("That was a lot at once"), text, status=429)
    further = further_questions(survey.questions)
    is_first = page != _MORE
    form = AnswerForm(first_questions(survey.questions) if is_first else further, request.POST)
    if not form.is_valid():
        return _ask(request, survey, reader, form, page, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    given = form.given()
    if not given.is_empty:
        try:
            record_answer(survey, reader.contact_id, given, delivery_id=reader.delivery_id)
        except BadAnswer as error:
            form.add_error(None, str(error))
            return _ask(request, survey, reader, form, page, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    goes_on = is_first and survey.asks(Question.SATISFACTION) and further
    # Back by GET, so that loading the page again sends nothing.
    response = HttpResponseRedirect(f"{request.path}?{_MORE if goes_on else _THANKS}")
    response.status_code = HTTPStatus.SEE_OTHER
    return response


def _ask(
    request: HttpRequest, survey: Survey, reader: Reader, form: AnswerForm, page: str, *, status: int = 200
) -> HttpResponse:
    context = {
        "survey": survey,
        "form": form,
        "is_more": page == _MORE,
        "has_answered": latest_answer(survey, reader.contact_id, reader.delivery_id) is not None,
        "thanks": f"{request.path}?{_THANKS}",
    }
    return TemplateResponse(request, "inbox/survey.html", context, status=status)


def _is_late(reader: Reader) -> bool:
    sent_at = Delivery.objects.filter(pk=reader.delivery_id).values_list("sent_at", flat=True).first()
    return sent_at is not None and clock.now() - sent_at > ANSWER_WITHIN
