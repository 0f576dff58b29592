"""A sandbox's clock: what it shows on every screen, and the buttons that take it further."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.generic import View

from jouren.backoffice.screens import Act, PermissionAsked
from jouren.core import clock

STEPS = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7)}
PERMISSION = "core.change_clock"


def clock_state() -> dict[str, str]:
    """What the bar says: the time, and where the clock is on its way to (empty: it has arrived)."""
    target = clock.target()
    return {"now": _shown(clock.now()), "target": _shown(target) if target else ""}


def _shown(moment: Any) -> str:
    return date_format(timezone.localtime(moment), "DATETIME_FORMAT")


class _SandboxOnly(PermissionAsked):
    permissions = (PERMISSION,)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not settings.JOUREN.sandbox:
            raise Http404
        return super().dispatch(request, *args, **kwargs)


class AdvanceClock(_SandboxOnly, Act):
    """Take the clock an hour, a day or a week further, and come back to the screen at hand."""

    def act(self) -> str:
        step = STEPS.get(self.request.POST.get("step", ""))
        if step is None:
            raise Http404
        arrival = clock.advance(step)
        return _("On the clock's way to %(moment)s, what falls due happens at its own time.") % {
            "moment": _shown(arrival)
        }

    def back(self) -> str:
        url = self.request.POST.get("next", "")
        safe = url_has_allowed_host_and_scheme(url, {self.request.get_host()}, require_https=self.request.is_secure())
        return url if safe else reverse("wagtailadmin_home")


class ClockState(_SandboxOnly, View):
    """The bar's words while the clock travels."""

    http_method_names = ["get"]

    def get(self, request: HttpRequest) -> HttpResponse:
        return JsonResponse(clock_state())
