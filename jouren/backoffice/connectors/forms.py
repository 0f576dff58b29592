"""What staff write of a connection."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from jouren.connectors.connector import connectors

OLD_FOR = {"0": timedelta(0), "1": timedelta(days=1), "7": timedelta(days=7)}


class ConnectForm(forms.Form):
    """Which kind of shop, and what it is called here."""

    connector = forms.ChoiceField(label=_("Kind of shop or system"))
    name = forms.CharField(label=_("Name"), max_length=100, help_text=_("What you call the shop."))
    source = forms.CharField(
        label=_("Source of its orders"),
        max_length=100,
        required=False,
        help_text=_(
            "Stands at its orders and at the codes of products. It cannot be changed later. Empty: the kind's name."
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = self.fields["connector"]
        assert isinstance(kinds, forms.ChoiceField)
        kinds.choices = [(each.key, each.label) for each in connectors()]


class ChangeForm(forms.Form):
    """What it is called, and whether it is listened to."""

    name = forms.CharField(label=_("Name"), max_length=100)
    is_on = forms.BooleanField(
        label=_("Switched on"), required=False, help_text=_("Switched off, whatever the shop sends is refused.")
    )


class SecretForm(forms.Form):
    """A secret that the shop made, and how long the one before stays valid."""

    secret = forms.CharField(
        label=_("Secret that the shop shows"),
        max_length=300,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    old_for = forms.ChoiceField(
        label=_("The old secret stays valid"),
        choices=[("1", _("for a day")), ("7", _("for a week")), ("0", _("no longer"))],
        initial="1",
        required=False,
    )

    def __init__(self, *args: Any, is_pasted: bool, is_first: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not is_pasted:
            del self.fields["secret"]
        if is_first:
            del self.fields["old_for"]

    def values(self) -> dict[str, Any]:
        """What :func:`jouren.connectors.actions.rotate_secret` takes."""
        old_for = OLD_FOR[self.cleaned_data.get("old_for") or "1"]
        return {"secret": self.cleaned_data.get("secret", ""), "old_for": old_for}
