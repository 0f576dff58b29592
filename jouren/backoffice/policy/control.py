"""The screen of the control group: how many get no marketing, what that costs, and what it has shown so far."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from wagtail.admin import messages

from jouren.backoffice.comparing import Told, tell_comparison
from jouren.backoffice.policy.views import CHANGE, VIEW
from jouren.backoffice.policy.wording import control_group_text
from jouren.backoffice.screens import CountedScreen
from jouren.messaging.control_group.actions import BadControlGroup, save_control_group
from jouren.messaging.control_group.models import (
    DEFAULT_DAYS,
    DEFAULT_EFFECT,
    MAX_DAYS,
    MAX_EFFECT,
    MAX_SHARE,
    MIN_DAYS,
    MIN_EFFECT,
    ControlGroup,
)
from jouren.messaging.control_group.queries import stored_group
from jouren.messaging.control_group.results import ControlResults, tell_control
from jouren.reports.kept import control_counts


class ControlForm(forms.Form):
    """The numbers of the control group."""

    share = forms.IntegerField(
        label=gettext_lazy("People in a hundred who get no marketing (0: nobody)"), min_value=0, max_value=MAX_SHARE
    )
    days = forms.IntegerField(
        label=gettext_lazy("Days for which each person is looked at"),
        min_value=MIN_DAYS,
        max_value=MAX_DAYS,
        initial=DEFAULT_DAYS,
    )
    smallest_effect = forms.IntegerField(
        label=gettext_lazy("Smallest difference worth knowing, in per cent"),
        min_value=MIN_EFFECT,
        max_value=MAX_EFFECT,
        initial=DEFAULT_EFFECT,
    )


class ControlScreen(CountedScreen):
    """The control group on a page of its own, below the sending rules."""

    permissions = (VIEW,)
    template_name = "backoffice/policy/control.html"
    page_title = gettext_lazy("Control group")
    header_icon = "group"
    parents = (("sending_rules:show", gettext_lazy("Sending rules")),)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Put the numbers in force, or say what is wrong with them."""
        if not request.user.has_perm(CHANGE):
            raise PermissionDenied
        form = ControlForm(request.POST)
        if form.is_valid():
            try:
                save_control_group(**form.cleaned_data, by=self.staff)
            except BadControlGroup as error:
                form.add_error(error.field, str(error))
            else:
                messages.success(request, _("Saved. It holds from the next message on."))
                return redirect("sending_rules:control")
        return self.render_to_response(self.get_context_data(form=form))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        group = stored_group()
        kept = control_counts(group)
        found = tell_control(kept.answer, group) if kept and kept.answer else None
        return {
            **super().get_context_data(**kwargs),
            "form": kwargs.get("form") or ControlForm(initial=_initial(group)),
            "state": control_group_text(group),
            "kept": kept,
            "period": _period(found) if found else "",
            "told": _told(found) if found else None,
            "may_change": self.request.user.has_perm(CHANGE),
        }


def _initial(group: ControlGroup) -> dict[str, int]:
    return {"share": group.share, "days": group.days, "smallest_effect": group.smallest_effect}


def _period(found: ControlResults) -> str:
    text = ngettext(
        "Compared is who bought within %(days)s day: from the beginning, or from when they agreed to get messages.",
        "Compared is who bought within %(days)s days: from the beginning, or from when they agreed to get messages.",
        found.days,
    )
    return text % {"days": found.days}


def _told(found: ControlResults) -> Told:
    labels = (_("Bought, with marketing"), _("Bought without it (control group)"))
    return tell_comparison(found.comparison, (found.treated, found.held), labels, found.smallest_effect, found.weeks)
