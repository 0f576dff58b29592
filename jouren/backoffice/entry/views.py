"""Wagtail's screens for signing in and for a forgotten password, behind the guard."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.auth.forms import SetPasswordForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from wagtail.admin.views import account

from jouren.backoffice.entry.backend import refused_until
from jouren.backoffice.entry.forms import wait_text
from jouren.backoffice.entry.guard import may_ask_for_mail, remember
from jouren.core import clock
from jouren.core.first_key import has_nobody
from jouren.core.network import client_network


def _too_many(response: HttpResponse, until: datetime) -> HttpResponse:
    response.status_code = 429
    response.headers["Retry-After"] = str(max(1, int((until - clock.now()).total_seconds())))
    return response


class LoginScreen(account.LoginView):
    """Signing in; where nobody can yet, the way to the first account."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Send whoever comes to a new installation to where its first account is made."""
        if has_nobody():
            return redirect("first_owner")
        answer: HttpResponse = super().get(request, *args, **kwargs)
        return answer

    def form_invalid(self, form: Any) -> HttpResponse:
        """Say what is wrong; how long to wait when it was once too often."""
        response: HttpResponse = super().form_invalid(form)
        until = refused_until(self.request)
        return response if until is None else _too_many(response, until)


class ForgottenScreen(account.PasswordResetView):
    """Asking for a mail with a link to a new password."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Send it, unless this connection has asked too often."""
        until = may_ask_for_mail(client_network(request))
        if until is None:
            answer: HttpResponse = super().post(request, *args, **kwargs)
            return answer
        form = self.get_form()
        form.add_error(None, wait_text(until))
        return _too_many(self.render_to_response(self.get_context_data(form=form)), until)


class NewPasswordScreen(account.PasswordResetConfirmView):
    """Choosing the new password."""

    def form_valid(self, form: SetPasswordForm[Any]) -> HttpResponse:
        """Whoever reads the account's mail is its owner: strangers' guesses do not hold them up."""
        answer: HttpResponse = super().form_valid(form)
        remember(form.user.get_username(), client_network(self.request))
        return answer
