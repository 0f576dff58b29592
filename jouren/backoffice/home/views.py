"""Putting first steps aside, and taking them back."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from jouren.backoffice.home.checklist import skip, unskip
from jouren.backoffice.home.next import SET_UP
from jouren.backoffice.screens import Act


class Skip(Act):
    """Put a step aside, for everybody of the shop."""

    permissions = (SET_UP,)

    def act(self) -> str:
        return _("“%(step)s” is put aside. You find it below the list.") % {"step": skip(self.kwargs["key"]).title}

    def back(self) -> str:
        return reverse("wagtailadmin_home")


class Unskip(Skip):
    """Take a step back."""

    def act(self) -> str:
        return _("“%(step)s” is on the list again.") % {"step": unskip(self.kwargs["key"]).title}
