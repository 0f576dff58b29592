"""The frame of all set-up screens: progress, Back, Skip, Save and go on."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import View
from wagtail.admin import messages

from jouren.backoffice.home.checklist import skip, unskip
from jouren.backoffice.screens import PermissionAsked, Screen
from jouren.backoffice.setup.steps import CHANGE_SHOP, SetupStep, neighbours, standings, step_of
from jouren.core.errors import UserError

ICON = "clipboard-list"


class StartScreen(Screen):
    """All steps with how each stands."""

    permissions = CHANGE_SHOP
    template_name = "backoffice/setup/start.html"
    page_title = gettext_lazy("Set-up")
    header_icon = ICON

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        rows = [row for row in standings() if may_do(self.request, row.step)]
        left = [row for row in rows if row.is_left]
        return {
            **super().get_context_data(**kwargs),
            "rows": rows,
            "next": left[0] if left else None,
            "done": sum(row.is_done for row in rows),
            "home": reverse("wagtailadmin_home"),
        }


class StepScreen(Screen):
    """One step: GET shows its form, POST keeps what was filled in and goes on to the next."""

    key: ClassVar[str] = ""
    parents: ClassVar[Any] = [("setup:start", StartScreen.page_title)]
    header_icon = ICON

    @property
    def step(self) -> SetupStep:
        """The step that this screen is of."""
        step = step_of(self.key)
        assert step is not None
        return step

    @classmethod
    def is_allowed(cls, request: HttpRequest) -> bool:
        """Whether this user may take the step."""
        step = step_of(cls.key)
        return step is not None and may_do(request, step)

    def get_page_title(self) -> str:
        return str(self.step.title)

    def make_form(self, data: Any = None, files: Any = None) -> forms.Form | forms.ModelForm[Any]:
        """The step's form: filled in with what is kept, or with what was sent."""
        raise NotImplementedError

    def keep(self, form: Any) -> None:
        """Keep a valid form. Raises UserError, or puts errors into the form."""
        raise NotImplementedError

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Keep it and go on; or show what is wrong, with nothing kept."""
        form = self.make_form(request.POST, request.FILES)
        if form.is_valid():
            try:
                self.keep(form)
            except UserError as error:
                field = str(getattr(error, "field", ""))
                form.add_error(field if field in form.fields else None, str(error))
        if form.errors:
            return self.render_to_response(self.get_context_data(form=form), status=400)
        unskip(self.step.name)
        return redirect(self.after())

    def after(self) -> str:
        """Where it goes on: to the next step that this user may take."""
        return url_after(self.request, self.key)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        before, _after = neighbours(self.key)
        rows = [row for row in standings() if may_do(self.request, row.step)]
        return {
            "form": kwargs.pop("form", None) or self.make_form(),
            **super().get_context_data(**kwargs),
            "step": self.step,
            "rows": rows,
            "number": next(place for place, row in enumerate(rows, start=1) if row.step.key == self.key),
            "back": before.url if before and may_do(self.request, before) else reverse("setup:start"),
        }


def may_do(request: HttpRequest, step: SetupStep) -> bool:
    """Whether this user may take a step."""
    return bool(request.user.is_superuser or request.user.has_perms(step.permissions))


def url_after(request: HttpRequest, key: str) -> str:
    """The next step that this user may take; after the last one the home screen."""
    step = neighbours(key)[1]
    while step is not None and not may_do(request, step):
        step = neighbours(step.key)[1]
    return step.url if step is not None else reverse("wagtailadmin_home")


class _StepAct(PermissionAsked, View):
    """A change of a step's standing, by POST."""

    http_method_names = ["post"]

    @classmethod
    def is_allowed(cls, request: HttpRequest) -> bool:
        """Whoever may take the step, which is asked once it is known which."""
        return bool(request.user.is_authenticated)

    @property
    def step(self) -> SetupStep:
        """The step that the URL names. Raises Http404, PermissionDenied."""
        step = step_of(self.kwargs["key"])
        if step is None:
            raise Http404
        if not may_do(self.request, step):
            raise PermissionDenied
        return step


class SkipStep(_StepAct):
    """Put a step aside and go on to the next. It stays on the list, where it is found again."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Do it and say where it is found."""
        step = self.step
        skip(step.name)
        text = _("“%(step)s” is put aside. You find it again under Settings, Set-up, and on the home screen.")
        messages.success(request, text % {"step": step.title})
        return redirect(url_after(request, step.key))


class UnskipStep(_StepAct):
    """Take a step back that was put aside, and open it."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Do it."""
        step = self.step
        unskip(step.name)
        return redirect(step.url)
