"""What our own screens share: a permission that is always asked, the frame around them, and how a change answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import PermissionDenied
from django.forms import BaseForm, BaseFormSet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.generic import TemplateView, View
from wagtail.admin import messages
from wagtail.admin.views.generic.base import WagtailAdminTemplateMixin

from jouren.core.errors import UserError
from jouren.reports.kept import Kept

Crumb = tuple[str, str]


class PermissionAsked:
    """Refuses everybody who lacks one of ``permissions``. A view that names none is closed to all but superusers.

    Being in the back office is asked before, by Wagtail: it wraps every URL that comes by ``register_admin_urls``.
    """

    permissions: ClassVar[Sequence[str]] = ()
    request: HttpRequest

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not self.is_allowed(request):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)  # type: ignore[misc, no-any-return]

    @property
    def staff(self) -> AbstractBaseUser:
        """Who does it, for the audit log."""
        if not isinstance(self.request.user, AbstractBaseUser):
            raise PermissionDenied
        return self.request.user

    @classmethod
    def is_allowed(cls, request: HttpRequest) -> bool:
        """Whether this user may see it; menus ask too."""
        user = request.user
        return user.is_superuser or (bool(cls.permissions) and user.has_perms(cls.permissions))


class Screen(PermissionAsked, WagtailAdminTemplateMixin, TemplateView):
    """A page of the back office. ``parents`` are (URL name, label) of the screens above it."""

    parents: ClassVar[Sequence[tuple[str, Any]]] = ()

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        above = [{"url": reverse(name), "label": label} for name, label in self.parents]
        return [*self.breadcrumbs_items, *above, {"url": "", "label": self.get_header_title()}]

    def render_to_response(self, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        """The page. That a form of it was refused is said at its top: the entry may be far below, out of sight."""
        if self.request.method == "POST" and any(map(_is_refused, context.values())):
            messages.error(
                self.request, _("Nothing was saved: some entries need your attention. They are marked below.")
            )
        return super().render_to_response(context, **kwargs)


class CountedScreen(Screen):
    """A page with figures that may have to be counted: ``kept`` in its context, or None where there are none.

    While they are counted for the first time the browser asks again by itself.
    """

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The page."""
        context = self.get_context_data(**kwargs)
        answer = self.render_to_response(context)
        return asking_again(answer, context["kept"]) if context["kept"] else answer


class MakingScreen(Screen):
    """GET shows; POST, by whoever has the permission ``making``, makes something whose secret is shown this once."""

    making: str = ""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method == "POST" and not request.user.has_perm(self.making):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    def show(self, **context: Any) -> HttpResponse:
        """The screen with something that was just made or refused; a secret is kept by no browser."""
        response = self.render_to_response(self.get_context_data(**context))
        response["Cache-Control"] = "no-store"
        return response


class Act(PermissionAsked, View):
    """A change by POST: does it, says so, and goes back. A UserError is shown instead, and nothing is changed."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            done = self.act()
        except UserError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, done)
        return redirect(self.back())

    def act(self) -> str:
        """Make the change and return the sentence that says what was done. Raises UserError."""
        raise NotImplementedError

    def back(self) -> str:
        """The URL of the screen to return to."""
        raise NotImplementedError


def _is_refused(value: object) -> bool:
    if isinstance(value, BaseFormSet):
        return value.is_bound and value.total_error_count() > 0
    return isinstance(value, BaseForm) and value.is_bound and bool(value.errors)


def asking_again(answer: HttpResponse, kept: Kept[Any]) -> HttpResponse:
    """An answer whose figures are being counted for the first time is asked for again by the browser itself."""
    if kept.answer is None:
        answer["Refresh"] = "3"
    return answer
