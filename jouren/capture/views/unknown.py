"""Links in mails that lead nowhere. The good ones are answered in front of Django (``jouren.api.fast``)."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseBase

from jouren.capture.views.base import public_view, unknown_link


@public_view("GET", "HEAD", "POST")
def click_view(request: HttpRequest, rest: str) -> HttpResponseBase:
    """A click that belongs to no message: forged, cut off, or of somebody who was erased."""
    return unknown_link(request)
