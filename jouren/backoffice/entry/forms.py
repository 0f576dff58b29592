"""What somebody types to get in."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _
from wagtail.admin.forms.auth import LoginForm as WagtailLoginForm
from wagtail.admin.forms.auth import PasswordResetForm as WagtailPasswordResetForm

from jouren.backoffice.entry.backend import refused_until
from jouren.backoffice.entry.guard import may_get_mail
from jouren.backoffice.tasks import send_new_password_link
from jouren.core import clock


def wait_text(until: datetime) -> str:
    """How long to wait, and what to do meanwhile."""
    minutes = max(1, math.ceil((until - clock.now()) / timedelta(minutes=1)))
    return ngettext(
        "There were too many tries. Please wait %(minutes)s minute, then try again. If you have forgotten your "
        "password, you can choose a new one by mail.",
        "There were too many tries. Please wait %(minutes)s minutes, then try again. If you have forgotten your "
        "password, you can choose a new one by mail.",
        minutes,
    ) % {"minutes": minutes}


class LoginForm(WagtailLoginForm):
    """Wagtail's, with labels in our words, and with words for somebody who tried too often."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].label = gettext_lazy("Password")
        # Owners' accounts go by their address; others may have been given another name.
        self.fields["username"].label = gettext_lazy("Mail address (or user name)")
        self.fields["username"].widget.attrs["placeholder"] = ""
        self.fields["password"].widget.attrs["placeholder"] = ""

    def get_invalid_login_error(self) -> ValidationError:
        """The same words for a wrong password and for an account that does not exist."""
        until = refused_until(self.request)
        if until is not None:
            return ValidationError(wait_text(until), code="too_many")
        return ValidationError(
            _("The mail address (or user name) or the password is wrong. Please try again."), code="invalid_login"
        )


class PasswordResetForm(WagtailPasswordResetForm):
    """At most a few mails an hour to an address.

    A worker looks whether anybody has it: the answer, and how long it takes, tell nothing.
    """

    def save(self, *args: Any, request: HttpRequest | None = None, **kwargs: Any) -> None:
        """Leave it to a worker to send the mail."""
        email = self.cleaned_data["email"]
        if request is not None and may_get_mail(email):
            send_new_password_link.defer(
                email=email,
                host=request.get_host(),
                language=get_language() or settings.LANGUAGE_CODE,
                is_secure=request.is_secure(),
            )
