"""The very first visit: whoever has the key that the terminal shows makes the owner's account."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.contrib.auth import authenticate, login
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import TemplateView

from jouren.backoffice.entry.forms import wait_text
from jouren.backoffice.entry.guard import may_try_key
from jouren.core.first_key import WrongKey, fits, has_owner, make_first_owner
from jouren.core.network import client_network
from jouren.core.owners import BadOwner

_SESSION_KEY = "first-key"
_LONGEST_KEY = 100


class FirstOwnerForm(forms.Form):
    """The owner's address and a password of their choice."""

    email = forms.EmailField(
        label=gettext_lazy("Mail address"),
        max_length=150,
        help_text=gettext_lazy("You sign in with it."),
        widget=forms.EmailInput(attrs={"autocomplete": "username"}),
    )
    password = forms.CharField(
        label=gettext_lazy("Password"),
        max_length=200,
        strip=False,
        help_text=gettext_lazy("At least 8 characters, and none that many people use."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        label=gettext_lazy("The password again"),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean(self) -> dict[str, Any]:
        """Both passwords are the same."""
        given: dict[str, Any] = super().clean() or {}
        if "again" in given and given.get("password") != given["again"]:
            raise ValidationError({"again": _("The two passwords are not the same.")})
        return given


@method_decorator([never_cache, sensitive_post_parameters()], name="dispatch")
class FirstOwnerScreen(TemplateView):
    """Asks for the key, then for the account. Closed as soon as there is an owner."""

    template_name = "backoffice/setup/first.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if has_owner():
            return redirect("wagtailadmin_login")
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """A key in the address goes into the session, so that it stands in no later address."""
        key = request.GET.get("key", "")[:_LONGEST_KEY]
        return self._take_key(key) if key else self._show()

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """A key that was typed, or the account."""
        if "key" in request.POST:
            return self._take_key(request.POST["key"][:_LONGEST_KEY])
        key = request.session.get(_SESSION_KEY, "")
        if not fits(key):
            return self._show(problem=_("This key is not valid any more. Start Jouren again: it prints a new one."))
        form = FirstOwnerForm(request.POST)
        if form.is_valid():
            email, password = form.cleaned_data["email"], form.cleaned_data["password"]
            try:
                make_first_owner(key, email, password)
            except BadOwner as error:
                form.add_error("password", str(error))
            except WrongKey as error:
                return self._show(problem=str(error))
            else:
                return self._enter(email, password)
        return self._show(form=form)

    def _take_key(self, key: str) -> HttpResponse:
        until = may_try_key(client_network(self.request))
        if until is not None:
            return self._show(problem=wait_text(until), until=until)
        if not fits(key):
            return self._show(problem=_("This is not the key that the terminal shows. The newest one counts."))
        self.request.session[_SESSION_KEY] = key
        return redirect("first_owner")

    def _enter(self, email: str, password: str) -> HttpResponse:
        self.request.session.pop(_SESSION_KEY, None)
        user = authenticate(self.request, username=email.strip().lower(), password=password)
        if user is None:
            return redirect("wagtailadmin_login")
        login(self.request, user)
        return redirect("setup:start")

    def _show(
        self, form: FirstOwnerForm | None = None, problem: str = "", until: datetime | None = None
    ) -> HttpResponse:
        has_key = fits(self.request.session.get(_SESSION_KEY, ""))
        is_wrong = bool(problem or (form is not None and form.errors))
        status = 429 if until is not None else 400 if is_wrong else 200
        shown = (form or FirstOwnerForm()) if has_key else None
        return self.render_to_response(self.get_context_data(form=shown, problem=problem), status=status)
