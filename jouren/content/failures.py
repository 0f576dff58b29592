"""The page for when nothing works: an error of ours, or a database that is away for a while."""

from __future__ import annotations

import sys

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.loader import render_to_string
from django.views.decorators.csrf import requires_csrf_token
from django.views.defaults import server_error as plain_server_error

from jouren.core.outage import RETRY_AFTER_SECONDS, is_away


def server_error(request: HttpRequest) -> HttpResponseBase:
    """Django's handler of what nobody caught. Called while the error is being handled."""
    return try_again() if is_away(sys.exception()) else requires_csrf_token(plain_server_error)(request)


def try_again() -> HttpResponse:
    """A small page, in the language that is active, that needs no database."""
    response = HttpResponse(render_to_string("503.html"), status=503)
    response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    response.headers["Cache-Control"] = "no-store"
    return response


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form of the back office that came without its token: an old screen, or a browser that keeps no cookies."""
    return HttpResponse(render_to_string("csrf.html"), status=403)
