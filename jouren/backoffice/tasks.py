"""Jobs of the back office."""

from __future__ import annotations

from django.utils import translation
from procrastinate.contrib.django import app


@app.task(name="backoffice.send_new_password_link")
def send_new_password_link(email: str, host: str, language: str, is_secure: bool) -> None:
    """Send the link to a new password to whoever has the address; nothing when nobody has."""
    # Workers start sooner without Wagtail's screens.
    from wagtail.admin.forms.auth import PasswordResetForm
    from wagtail.admin.views.account import PasswordResetView

    form = PasswordResetForm({"email": email})
    if not form.is_valid():
        return
    with translation.override(language):
        form.save(
            domain_override=host,
            use_https=is_secure,
            subject_template_name=PasswordResetView.subject_template_name,
            email_template_name=PasswordResetView.email_template_name,
        )
