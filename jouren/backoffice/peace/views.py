"""The rule for leaving people in peace: its figures, whom it would leave now, and whom it has left."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin import messages

from jouren.backoffice.mechanisms.wording import peace_sentence
from jouren.backoffice.screens import Screen
from jouren.contacts.event_types import peace_source
from jouren.core import clock
from jouren.peace.actions import save_rule
from jouren.peace.models import MOST_DAYS, MOST_INVITATIONS, PeaceRule
from jouren.peace.queries import Forecast, count_left, forecast, lately_left, stored_rule
from jouren.pyramid.stages import Stage

VIEW, CHANGE = "peace.view_peacerule", "peace.change_peacerule"
SHOWN = 20


class RuleForm(forms.Form):
    """The rule's figures."""

    is_enabled = forms.BooleanField(label=gettext_lazy("Leave those in peace who do not buy"), required=False)
    invitations = forms.IntegerField(
        label=gettext_lazy("Invitations"),
        min_value=1,
        max_value=MOST_INVITATIONS,
        help_text=gettext_lazy("Messages of the kind “Ask” that reached them, since they last bought or came back."),
    )
    days = forms.IntegerField(
        label=gettext_lazy("Days to think it over"),
        min_value=0,
        max_value=MOST_DAYS,
        help_text=gettext_lazy("So long after the last of these invitations they can still buy."),
    )
    up_to_stage = forms.TypedChoiceField(label=gettext_lazy("Up to the stage"), choices=Stage.choices, coerce=int)
    leaves_dissatisfied = forms.BooleanField(
        label=gettext_lazy("Leave those in peace at once who say that it was worse than expected"), required=False
    )

    def rule(self) -> PeaceRule:
        """What was written, not kept yet."""
        return PeaceRule(**self.cleaned_data)


class PeaceScreen(Screen):
    """GET shows the rule in force and whom it leaves; POST shows whom another would leave, or puts it in force."""

    permissions = (VIEW,)
    template_name = "backoffice/peace/rule.html"
    page_title = gettext_lazy("Leaving in peace")
    header_icon = "leaf"

    def post(self, request: HttpRequest) -> HttpResponse:
        """Show or save."""
        if not request.user.has_perm(CHANGE):
            raise PermissionDenied
        form = RuleForm(request.POST)
        if not form.is_valid() or "save" not in request.POST:
            shown = form.rule() if form.is_valid() else None
            return self.render_to_response(self.get_context_data(form=form, shown=shown))
        save_rule(form.rule(), by=self.staff)
        messages.success(request, _("The rule is saved. People are looked through every night."))
        return redirect("peace:rule")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        stored, user = stored_rule(), self.request.user
        shown: PeaceRule | None = kwargs.pop("shown", None)
        form = kwargs.pop("form", None) or RuleForm(
            initial={name: getattr(stored, name) for name in RuleForm.base_fields}
        )
        rule = shown or stored
        told = forecast(rule, clock.now(), SHOWN) if rule.is_enabled else Forecast(0, [])
        may_see = user.has_perm("contacts.view_contact")
        return {
            **super().get_context_data(**kwargs),
            "form": form,
            "is_preview": shown is not None,
            "rule": rule,
            "sentence": _sentence(rule),
            "count": told.count,
            "is_about": told.is_about,
            "people": told.people if may_see else [],
            "next_at": stored.next_at,
            "left": count_left(),
            "lately": [(each, peace_source(each.detail)) for each in lately_left(SHOWN)] if may_see else [],
            "may_change": user.has_perm(CHANGE),
        }


def _sentence(rule: PeaceRule) -> str:
    return peace_sentence(rule) if rule.is_enabled else _("Nobody is left in peace for not buying.")
