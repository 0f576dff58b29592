"""The stylesheet that gives public pages the shop's colour. It needs no database and knows no visitor."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from jouren.capture.theme import VERSION, stylesheet


@require_safe
def theme_view(request: HttpRequest, version: str, colour: str) -> HttpResponse:
    """The colour is in the address, so what it gives never changes. Of other versions there is none."""
    css = stylesheet(f"#{colour}")
    if int(version) != VERSION or not css:
        raise Http404
    response = HttpResponse(css, content_type="text/css; charset=utf-8")
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response
