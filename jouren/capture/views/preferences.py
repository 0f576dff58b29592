"""The links at the foot of every mail: what to get, and nothing more of this."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from jouren.capture import preferences
from jouren.capture.policies import mask_address
from jouren.capture.views.base import notice, public_view, unknown_link
from jouren.core.network import client_address

# What is kept as the place of a consent: the address itself holds the token of a person.
_PREFERENCES, _UNSUBSCRIBE = "/p/", "/u/"


@public_view("GET", "HEAD", "POST")
def preferences_view(request: HttpRequest, token: str) -> HttpResponseBase:
    """GET shows what a person gets, POST changes it."""
    reader = preferences.find_reader(token)
    if reader is None:
        return unknown_link(request)
    saved = ""
    if request.method == "POST":
        saved = _change(request, reader)
    addresses = preferences.addresses_of(reader.contact_id)
    context = {
        "choices": preferences.choices_of(reader.contact_id),
        "has_stopped": preferences.has_stopped(reader.contact_id),
        "address": mask_address(addresses[0]) if addresses else "",
        "saved": saved,
    }
    return TemplateResponse(request, "capture/preferences.html", context)


@public_view("GET", "HEAD", "POST")
def unsubscribe_view(request: HttpRequest, token: str) -> HttpResponseBase:
    """GET shows a button, POST unsubscribes: by that button, or by a mail program (RFC 8058)."""
    reader = preferences.find_reader(token)
    if reader is None:
        return unknown_link(request)
    if request.method != "POST":
        return TemplateResponse(request, "capture/unsubscribe.html", {"reader": reader})
    preferences.unsubscribe(reader, page=_UNSUBSCRIBE, ip=client_address(request))
    link = reverse("capture:preferences", args=[token])
    return notice(
        request,
        _("You are unsubscribed"),
        _("We will not send you this any more."),
        kind="done",
        link=link,
        link_text=_("See all settings"),
    )


def _change(request: HttpRequest, reader: preferences.Reader) -> str:
    """Do what the pressed button says. Returns the sentence that tells it."""
    ip, contact_id, delivery = client_address(request), reader.contact_id, reader.delivery_id
    if "stop" in request.POST:
        preferences.stop_everything(contact_id, page=_PREFERENCES, ip=ip, delivery=delivery)
        return _("We will not send you unneeded messages any more.")
    if "again" in request.POST:
        preferences.allow_again(contact_id)
        return _("Please tick what you would like to get.")
    if "save" in request.POST:
        wanted = set(request.POST.getlist("want"))
        preferences.save_choices(contact_id, wanted, page=_PREFERENCES, ip=ip, delivery=delivery)
        return _("Your settings are saved.")
    return ""
