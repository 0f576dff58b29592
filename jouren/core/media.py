"""Serves uploaded pictures. Uploads are hostile: nothing in them may run in a visitor's browser."""

from __future__ import annotations

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest, HttpResponseBase
from django.views.decorators.http import require_safe
from django.views.static import serve

# Wagtail's documents also lie in MEDIA_ROOT, but have a view of their own that checks who may read them.
_PUBLIC_FOLDERS = ("images/", "original_images/")
_SHOWN_TYPES = {"image/avif", "image/gif", "image/jpeg", "image/png", "image/webp", "image/x-icon", "image/heic"}


@require_safe
def picture(request: HttpRequest, path: str) -> HttpResponseBase:
    """One file of the media folder; what is no bitmap image is only offered for download."""
    if not path.startswith(_PUBLIC_FOLDERS) or ".." in path:
        raise Http404
    response = serve(request, path, document_root=str(settings.MEDIA_ROOT))
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    if isinstance(response, FileResponse):
        response["Cache-Control"] = "public, max-age=31536000"
        if response["Content-Type"] not in _SHOWN_TYPES:
            response["Content-Disposition"] = "attachment"
    return response
