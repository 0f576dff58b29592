"""The link in the confirmation mail. Scanners follow links, so only the button on its page confirms."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from jouren.capture.actions import Outcome, confirm_registration, find_registration, outcome_before
from jouren.capture.models import Form, Registration
from jouren.capture.views.base import notice, public_view, unknown_link
from jouren.capture.views.gift import gift_context
from jouren.core import clock
from jouren.core.network import client_address


@public_view("GET", "HEAD", "POST")
def confirm_view(request: HttpRequest, token: str) -> HttpResponseBase:
    """GET shows the button, POST confirms."""
    registration = find_registration(token)
    if request.method == "POST":
        outcome = confirm_registration(token, client_address(request))
        if registration is not None and outcome is Outcome.CONFIRMED:
            return _confirmed(request, registration)
    else:
        pending = outcome_before(registration, clock.now())
        if pending is None:
            return TemplateResponse(request, "capture/confirm.html", {"registration": registration})
        outcome = pending
    return _explain(request, registration, outcome)


def _confirmed(request: HttpRequest, registration: Registration) -> HttpResponseBase:
    form = registration.form
    if form is not None and form.gift is not None:
        return _handed_over(request, form, registration.pk)
    if form is not None and form.after_page is not None and form.after_page.live and form.after_page.url:
        response = HttpResponseRedirect(form.after_page.url)
        response.status_code = 303
        return response
    text = (form.confirmed_text if form else "") or _("Thank you. We look forward to writing to you.")
    return notice(request, _("Your registration is confirmed"), text, kind="done")


def _handed_over(request: HttpRequest, form: Form, registration_id: int) -> HttpResponse:
    """The gift, with the way on to the page that would have come at once without one."""
    contact_id = Registration.objects.values_list("contact", flat=True).get(pk=registration_id)
    after = form.after_page
    context = {
        **gift_context(form, contact_id),
        "title": _("Your registration is confirmed"),
        "text": form.confirmed_text or _("Thank you. Here is what you asked for."),
        "link": after.url if after is not None and after.live else "",
        "link_text": _("Go on"),
    }
    return TemplateResponse(request, "capture/gift.html", context)


def _explain(request: HttpRequest, registration: Registration | None, outcome: Outcome) -> HttpResponse:
    if registration is None or outcome is Outcome.UNKNOWN:
        return unknown_link(request)
    way_on: dict[str, Any] = {}
    if registration.form is not None and registration.form.is_open:
        link = reverse("capture:form", args=[registration.form.public_id])
        way_on = {"link": link, "link_text": _("Back to the form")}
    if outcome is Outcome.ALREADY:
        text = _(
            "Your registration was confirmed before. If you have unsubscribed since then and want our mail again, "
            "please fill in the form once more."
        )
        return notice(request, _("Already confirmed"), text, kind="done", **way_on)
    text = _("A confirmation link is good for seven days. Please fill in the form once more to get a new one.")
    return notice(request, _("This link has expired"), text, status=410, **way_on)
