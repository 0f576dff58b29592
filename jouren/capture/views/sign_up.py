"""A form's own address: where pages send it to, and where it stands alone."""

from __future__ import annotations

import logging
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from jouren.capture.actions import Origin, ask_to_confirm
from jouren.capture.errors import TooManyPosts
from jouren.capture.forms import SignUpForm
from jouren.capture.models import Form
from jouren.capture.sign_up import show_again, sign_up_form_of, stamp_of
from jouren.capture.stamps import Stamp, wording_of
from jouren.capture.views.base import notice, public_view
from jouren.capture.visits import follow_visit, visitor_of
from jouren.core import clock
from jouren.core.network import client_address
from jouren.messaging.errors import UnknownPurpose

_log = logging.getLogger(__name__)


@public_view("GET", "HEAD", "POST")
def form_view(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    """GET shows the form alone; POST takes it."""
    form = Form.objects.select_related("topic").filter(public_id=public_id).first()
    if form is None:
        return notice(request, _("This form does not exist"), _("It may have been taken down."), status=404)
    if not form.is_open:
        text = _("This form takes no sign-ups at the moment.")
        return notice(request, form.title, text, status=410)
    if request.method == "POST":
        return _take(request, form)
    sign_up = sign_up_form_of(form, request)
    response = TemplateResponse(request, "capture/form_page.html", {"form": form, "sign_up": sign_up})
    follow_visit(request, response)
    return response


@public_view("GET", "HEAD")
def thanks_view(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    """What everybody sees after sending a form, whether or not the address was known."""
    form = Form.objects.filter(public_id=public_id).first()
    if form is None:
        return notice(request, _("This form does not exist"), _("It may have been taken down."), status=404)
    return TemplateResponse(request, "capture/thanks.html", {"form": form})


def _take(request: HttpRequest, form: Form) -> HttpResponseBase:
    sign_up = SignUpForm(form, request.POST)
    stamp = stamp_of(form, request.POST)
    thanks = HttpResponseRedirect(reverse("capture:thanks", args=[form.public_id]))
    thanks.status_code = 303
    if sign_up.is_trapped:
        return thanks
    saw_this = stamp is not None and stamp.is_fresh(clock.now()) and stamp.wording == wording_of(form.consent_text)
    if sign_up.is_valid() and not saw_this:
        sign_up.add_error(None, _("Please press the button once more."))
    if not sign_up.is_valid() or stamp is None:
        return show_again(request, sign_up, stamp)
    try:
        ask_to_confirm(form, sign_up.cleaned_data["email"], sign_up.answers(), _origin(request, stamp))
    except TooManyPosts:
        sign_up.add_error(None, _("Too many sign-ups came from your connection. Please try again in an hour."))
        return show_again(request, sign_up, stamp, status=429)
    except UnknownPurpose:
        _log.exception("The form %s cannot ask for a confirmation", form.pk)
        sign_up.add_error(None, _("We cannot take sign-ups at the moment. Please try again later."))
        return show_again(request, sign_up, stamp, status=503)
    return thanks


def _origin(request: HttpRequest, stamp: Stamp) -> Origin:
    visitor = visitor_of(request)
    first: dict[str, Any] = {**stamp.utm, "referrer": stamp.referrer, "page": stamp.path}
    if visitor is not None:
        first = {**visitor.utm, "referrer": visitor.referrer, "page": visitor.page}
    return Origin(
        page=stamp.path,
        source={name: value for name, value in first.items() if value},
        visitor=visitor,
        ip=client_address(request),
        language=(get_language() or "ja")[:2],
    )
