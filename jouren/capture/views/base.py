"""What the public answers share."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, HttpResponseBase, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.template.response import TemplateResponse
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from jouren.contacts.errors import ContactNotFound

View = Callable[..., HttpResponseBase]


def public_view(*methods: str) -> Callable[[View], View]:
    """A public address: no session and so no CSRF token; a body that cannot be read gets a clear answer.

    The address may hold a secret, so it is neither cached, indexed, nor told to other sites.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            try:
                response = _unreadable(request) or view(request, *args, **kwargs)
            except ContactNotFound:  # erased while the request ran
                response = unknown_link(request)
            add_never_cache_headers(response)
            response.headers["Referrer-Policy"] = "no-referrer"
            response.headers["X-Robots-Tag"] = "noindex"
            return response

        limited: View = require_http_methods([*methods])(answer)
        return csrf_exempt(limited)

    return decorate


def notice(request: HttpRequest, title: str, text: str, *, status: int = 200, **context: Any) -> HttpResponse:
    """A page that says one thing. ``link`` and ``link_text`` in ``context`` add a way on."""
    return TemplateResponse(
        request, "capture/notice.html", {"title": title, "text": text, **context}, status=status
    ).render()


def unknown_link(request: HttpRequest) -> HttpResponse:
    """The answer to a token that was not made here, or whose person is gone."""
    return notice(
        request,
        _("This link does not work"),
        _("Your mail program may have cut it off. Please copy the whole address from the mail."),
        status=404,
    )


def _unreadable(request: HttpRequest) -> HttpResponse | None:
    """Read the body once, here: the parser's complaints about hostile ones become an answer."""
    if request.method != "POST":
        return None
    try:
        request.POST  # noqa: B018 — reading it is what may fail
    except RequestDataTooBig:
        return notice(request, _("This is too long"), _("Please go back and write a little less."), status=413)
    except (BadRequest, SuspiciousOperation, MultiPartParserError, UnreadablePostError, ValueError):
        text = _("What your browser sent could not be read. Please go back and send the form once more.")
        return notice(request, _("This could not be read"), text, status=400)
    return None
