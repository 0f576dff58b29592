"""The pages of a gift. The page shows what there is, its button fetches the file: only that is told as taken.

Scanners follow links too, and get what people get; of what they fetch nothing is told.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django import forms
from django.core.files.base import ContentFile
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from jouren.capture.errors import TooManyPosts
from jouren.capture.gifts.actions import ask_again, gift_path, note_taken, read_gift
from jouren.capture.gifts.links import Handed
from jouren.capture.gifts.queries import handed_over_at
from jouren.capture.models import Form
from jouren.capture.preferences import find_reader
from jouren.capture.views.base import notice, public_view
from jouren.capture.views.offer import is_person
from jouren.contacts.addresses import normalise_email
from jouren.contacts.errors import BadAddress
from jouren.contacts.queries import canonical_id, present_contacts
from jouren.core import clock
from jouren.core.network import client_address
from jouren.messaging.surveys import NO_READER


class AgainForm(forms.Form):
    """The address that asked for the gift."""

    email = forms.CharField(
        label=gettext_lazy("Mail address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email", "placeholder": "hanako@example.jp"}),
    )

    def clean_email(self) -> str:
        """The address as Jouren keeps it."""
        try:
            address: str = normalise_email(self.cleaned_data["email"]).value
        except BadAddress as error:
            raise forms.ValidationError(str(error)) from error
        return address


@public_view("GET", "HEAD")
def gift_view(request: HttpRequest, token: str) -> HttpResponseBase:
    """What the gift is, until when the link is good, and the button."""
    handed = read_gift(token)
    form = _form_of(handed)
    if handed is None or form is None:
        return _ask_again(request, _("This link does not work"), HTTPStatus.NOT_FOUND)
    if form.gift is None:
        return _gone(request)
    if clock.now() > handed.until:
        return _ask_again(request, _("This link has expired"), HTTPStatus.GONE)
    return TemplateResponse(request, "capture/gift.html", gift_context(form, handed.contact_id, token))


@public_view("GET", "HEAD")
def gift_file_view(request: HttpRequest, token: str) -> HttpResponseBase:
    """The file itself."""
    handed = read_gift(token)
    form = _form_of(handed)
    if handed is None or form is None or clock.now() > handed.until:
        return gift_view(request, token)
    gift = form.gift
    try:
        file = gift.file.open("rb") if gift is not None else None
    except OSError:
        file = None
    if gift is None or file is None:
        return _gone(request)
    if is_person(request):
        note_taken(form, canonical_id(handed.contact_id))
    if request.method == "HEAD":
        file.close()
        file = ContentFile(b"")
    response = FileResponse(file, as_attachment=True, filename=gift.filename, content_type=gift.content_type)
    response["Content-Length"] = str(gift.get_file_size())
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


@public_view("GET", "HEAD")
def gift_in_mail_view(request: HttpRequest, token: str, form_id: int) -> HttpResponseBase:
    """The button in a message: on to the reader's own link, good for the gift's days from when the message went."""
    if token == NO_READER:
        text = _("This button belongs to the mail that we send to you. There it works.")
        return notice(request, _("This is a preview"), text)
    reader = find_reader(token)
    form = Form.objects.filter(pk=form_id).first() if form_id < 2**63 else None
    since = handed_over_at(reader.delivery_id, form_id) if reader is not None and form is not None else None
    if reader is None or form is None or since is None:
        return _ask_again(request, _("This link does not work"), HTTPStatus.NOT_FOUND)
    return _see(gift_path(form, reader.contact_id, since))


@public_view("GET", "HEAD", "POST")
def gift_again_view(request: HttpRequest) -> HttpResponseBase:
    """Asks for the address, and mails a new link to it. The answer is the same whoever asks for whomever."""
    if request.method != "POST":
        if "sent" in request.GET:
            text = _(
                "If a gift belongs to this address, a new link is on its way to it. Please look into your mailbox, "
                "also among what was taken for spam."
            )
            return notice(request, _("Please look into your mailbox"), text, kind="done")
        return _ask_again(request, _("Get a new link"), HTTPStatus.OK)
    asked = AgainForm(request.POST)
    if not asked.is_valid():
        return _ask_again(request, _("Get a new link"), HTTPStatus.UNPROCESSABLE_ENTITY, asked)
    try:
        ask_again(asked.cleaned_data["email"], (get_language() or "ja")[:2], client_address(request))
    except TooManyPosts:
        text = _("Too many requests came from your connection. Please try again in an hour.")
        return notice(request, _("That was a lot at once"), text, status=HTTPStatus.TOO_MANY_REQUESTS)
    return _see(reverse("capture:gift_again") + "?sent")


def gift_context(form: Form, contact_id: int, token: str = "") -> dict[str, Any]:
    """What the page of a gift shows. Without a token a link is made that is good from now."""
    token = token or gift_path(form, contact_id).rpartition("/")[2]
    handed = read_gift(token)
    return {
        "name": form.gift_name,
        "size": form.gift.get_file_size() if form.gift is not None else None,
        "file_url": reverse("capture:gift_file", args=[token]),
        "until": handed.until if handed is not None else None,
    }


def _form_of(handed: Handed | None) -> Form | None:
    """The form of a link whose person is still there."""
    if handed is None or not present_contacts().filter(pk=canonical_id(handed.contact_id)).exists():
        return None
    return Form.objects.select_related("gift").filter(pk=handed.form_id).first()


def _ask_again(request: HttpRequest, title: str, status: int, form: AgainForm | None = None) -> HttpResponse:
    context = {"title": title, "form": form or AgainForm()}
    return TemplateResponse(request, "capture/gift_again.html", context, status=status).render()


def _gone(request: HttpRequest) -> HttpResponse:
    text = _("The shop does not hand this out any more. We are sorry that you come in vain.")
    return notice(request, _("This gift is not there any more"), text, status=HTTPStatus.GONE)


def _see(path: str) -> HttpResponse:
    response = HttpResponseRedirect(path)
    response.status_code = HTTPStatus.SEE_OTHER
    return response
