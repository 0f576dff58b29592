"""A form on a page: shown, shown again with errors, and the request behind a filled-in one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from wagtail.models import Page

from jouren.capture.forms import SignUpForm
from jouren.capture.models import Form
from jouren.capture.policies import MAX_URL_LENGTH, clean_text, read_referrer, read_utm
from jouren.capture.stamps import Stamp, read_stamp, wording_of, write_stamp
from jouren.core import clock

_BOUND = "_jouren_sign_up"


def sign_up_form_of(form: Form, request: HttpRequest, page: Page | None = None) -> SignUpForm | None:
    """The form to fill in on ``page``; what the visitor just sent, with its errors, when there were any.

    None for a closed form.
    """
    if not form.is_open:
        return None
    bound: SignUpForm | None = getattr(request, _BOUND, None)
    if bound is not None and bound.form.pk == form.pk:
        return bound
    stamp = Stamp(
        at=clock.now(),
        wording=wording_of(form.consent_text),
        page_id=page.pk if page else None,
        path=clean_text(request.path, MAX_URL_LENGTH),
        utm=read_utm(request.GET.dict()),
        referrer=read_referrer(request.headers.get("Referer", ""), request.get_host()),
    )
    return SignUpForm(form, stamp=write_stamp(form.public_id, stamp))


def show_again(request: HttpRequest, sign_up: SignUpForm, stamp: Stamp | None, status: int = 422) -> HttpResponse:
    """Show the page that the form was sent from, with the values kept and the errors by their fields."""
    now, wording = clock.now(), wording_of(sign_up.form.consent_text)
    fresh = replace(stamp, at=now, wording=wording) if stamp else Stamp(now, wording)
    setattr(request, _BOUND, sign_up.with_fresh_stamp(write_stamp(sign_up.form.public_id, fresh)))
    page = _public_page(stamp.page_id) if stamp else None
    if page is None or not _holds_form(page, sign_up):
        response = TemplateResponse(request, "capture/form_page.html", {"form": sign_up.form, "sign_up": sign_up})
    else:
        response = TemplateResponse(request, page.get_template(request), page.get_context(request))
    response.status_code = status
    return response


def stamp_of(form: Form, data: Any) -> Stamp | None:
    """The stamp that came with a sent form, if it was written here."""
    return read_stamp(form.public_id, data.get("stamp", ""))


def _public_page(page_id: int | None) -> Page | None:
    page = Page.objects.live().filter(pk=page_id).first() if page_id else None
    return None if page is None or page.get_view_restrictions() else page.specific


def _holds_form(page: Page, sign_up: SignUpForm) -> bool:
    """Whether the page still shows this form; its author may have taken it off meanwhile."""
    body = getattr(page, "body", None) or []
    return any(block.block_type == "form" and block.value == sign_up.form for block in body)
