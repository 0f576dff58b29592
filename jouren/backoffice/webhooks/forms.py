"""What staff write of a webhook."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from jouren.core.destinations import MAX_URL_LENGTH, ForbiddenDestination, read_destination


class WebhookForm(forms.Form):
    """Its name and where it listens."""

    name = forms.CharField(label=_("Name"), max_length=100, help_text=_("The system that is told, such as: shipping."))
    url = forms.CharField(
        label=_("Web address"),
        max_length=MAX_URL_LENGTH,
        widget=forms.URLInput(attrs={"placeholder": "https://", "autocomplete": "off"}),
        help_text=_("Begins with https://. The system's own settings show it."),
    )

    def clean_url(self) -> str:
        """Only what can be called."""
        url = str(self.cleaned_data["url"]).strip()
        try:
            read_destination(url)
        except ForbiddenDestination as error:
            raise forms.ValidationError(str(error)) from error
        return url


class ChangeForm(WebhookForm):
    """The same, and whether it is called at all."""

    is_on = forms.BooleanField(
        label=_("Switched on"), required=False, help_text=_("Switched off, it is not called, and what would be fails.")
    )

    def values(self) -> dict[str, Any]:
        """What :func:`jouren.webhooks.actions.change_webhook` takes."""
        return {name: self.cleaned_data[name] for name in ("name", "url", "is_on")}
