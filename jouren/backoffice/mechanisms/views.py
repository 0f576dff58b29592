"""The mechanisms: all rules on one screen, each with a switch, and the rules with figures of their own."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin import messages
from wagtail.log_actions import log

from jouren.backoffice.mechanisms.overview import RULE, sections
from jouren.backoffice.mechanisms.wording import good_sentence, lapse_sentence, likely_sentence, winback_sentence
from jouren.backoffice.screens import Act, CountedScreen, Screen
from jouren.contacts.models import Contact
from jouren.core import clock
from jouren.core.money import MOST
from jouren.mechanisms.actions import save_rules
from jouren.mechanisms.models import MOST_COUNT, MOST_DAYS, MechanismRules
from jouren.mechanisms.queries import (
    count_good,
    count_marked,
    forecast_likely,
    lately_marked,
    over_winback,
    stored_rules,
)
from jouren.mechanisms.vocabulary import Bar, MarkKind
from jouren.peace.actions import save_rule
from jouren.peace.queries import stored_rule as stored_peace
from jouren.pyramid.models import PyramidRule
from jouren.reports.mechanisms import lapses_of, meeting_now

VIEW, CHANGE = "mechanisms.view_mechanismrules", "mechanisms.change_mechanismrules"
_CHANGE_PEACE, _CHANGE_PROMOTION = "peace.change_peacerule", "pyramid.change_pyramidrule"
SAMPLE = 20
_PEACE = {"peace": "is_enabled", "dissatisfied": "leaves_dissatisfied"}
_OWN = {
    "likely": "likely_is_enabled",
    "good": "good_is_enabled",
    "lapse": "lapse_is_enabled",
    "winback": "winback_is_enabled",
}
_HOME = ("mechanisms:show", gettext_lazy("Mechanisms"))


def _may_switch(user: Any, key: str) -> bool:
    needed = _CHANGE_PROMOTION if key.startswith(RULE) else _CHANGE_PEACE if key in _PEACE else CHANGE
    return bool(user.has_perm(needed))


class MechanismsScreen(CountedScreen):
    """The four mechanisms and lapses in their order."""

    permissions = (VIEW,)
    template_name = "backoffice/mechanisms/show.html"
    page_title = gettext_lazy("Mechanisms")
    header_icon = "stairs"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        user = self.request.user
        lapses, meeting = lapses_of(stored_rules()), meeting_now()
        shown = sections(clock.now(), user.has_perm, lapses.answer, meeting.answer)
        keys = {line.key for section in shown for line in section.lines if line.key}
        return {
            **super().get_context_data(**kwargs),
            "sections": shown,
            # Whatever is not there yet is what the reader waits for.
            "kept": lapses if lapses.answer is None else meeting,
            "switchable": {key for key in keys if _may_switch(user, key)},
        }


class Switch(Act):
    """Switch one rule on or off."""

    permissions = (VIEW,)

    def act(self) -> str:
        key, is_on = self.request.POST.get("key", ""), self.request.POST.get("on") == "1"
        if not _may_switch(self.request.user, key):
            raise PermissionDenied
        if key.startswith(RULE):
            self._switch_promotion(key.removeprefix(RULE), is_on)
        elif key in _PEACE:
            peace = stored_peace()
            setattr(peace, _PEACE[key], is_on)
            save_rule(peace, by=self.staff)
        elif key in _OWN:
            rules = stored_rules()
            setattr(rules, _OWN[key], is_on)
            save_rules(rules, by=self.staff)
        else:
            raise Http404
        return _("The rule is on.") if is_on else _("The rule is off.")

    @transaction.atomic
    def _switch_promotion(self, pk: str, is_on: bool) -> None:
        if not pk.isdecimal() or len(pk) > 18:
            raise Http404
        rule = get_object_or_404(PyramidRule.objects.select_for_update(), pk=int(pk))
        if rule.is_enabled != is_on:
            rule.is_enabled = is_on
            rule.save(update_fields=["is_enabled"])
            log(instance=rule, action="mechanisms.switch", user=self.staff, data={"is_enabled": is_on})

    def back(self) -> str:
        return reverse("mechanisms:show")


class RegularsForm(forms.Form):
    """Who is likely to become a regular, and who is one by what they bought for."""

    likely_is_enabled = forms.BooleanField(label=gettext_lazy("Find likely regulars"), required=False)
    likely_purchases = forms.IntegerField(
        label=gettext_lazy("Purchases at the regular price"), min_value=1, max_value=MOST_COUNT
    )
    likely_days = forms.IntegerField(
        label=gettext_lazy("The last of them within so many days"), min_value=1, max_value=MOST_DAYS
    )
    likely_bar = forms.ChoiceField(
        label=gettext_lazy("Said last"),
        choices=Bar.choices,
        help_text=gettext_lazy("In a survey. Whoever never answered is not known to be satisfied."),
    )
    good_is_enabled = forms.BooleanField(
        label=gettext_lazy("Make good customers regulars by what they bought for"), required=False
    )
    good_amount = forms.IntegerField(
        label=gettext_lazy("Yen within a year"),
        min_value=1,
        max_value=MOST,
        help_text=gettext_lazy("At the regular price, tax included, less refunds. People rise with their next order."),
    )


class LapsesForm(forms.Form):
    """Who has lapsed, and whom nothing wins back."""

    lapse_is_enabled = forms.BooleanField(label=gettext_lazy("Mark who does not buy any more"), required=False)
    lapse_by_product = forms.BooleanField(
        label=gettext_lazy("Go by how long what they bought lasts, where it is known"),
        required=False,
        help_text=gettext_lazy("Days that one lasts, of the product, times how many they bought."),
    )
    lapse_times = forms.IntegerField(label=gettext_lazy("So many times as long"), min_value=1, max_value=MOST_COUNT)
    lapse_days = forms.IntegerField(
        label=gettext_lazy("Otherwise after so many days"), min_value=1, max_value=MOST_DAYS
    )
    winback_is_enabled = forms.BooleanField(
        label=gettext_lazy("Leave those in peace whom nothing wins back"), required=False
    )
    winback_messages = forms.IntegerField(
        label=gettext_lazy("Invitations"),
        min_value=1,
        max_value=MOST_COUNT,
        help_text=gettext_lazy("Messages of the kind “Ask” that reached them since they lapsed."),
    )
    winback_days = forms.IntegerField(label=gettext_lazy("Days to think it over"), min_value=0, max_value=MOST_DAYS)


class _RulesScreen(Screen):
    """GET shows the rules in force and whom they concern; POST shows others, or puts them in force."""

    permissions = (VIEW,)
    parents = (_HOME,)
    header_icon = "stairs"
    form_class: ClassVar[type[forms.Form]]
    name: ClassVar[str]

    def post(self, request: HttpRequest) -> HttpResponse:
        """Show or save."""
        if not request.user.has_perm(CHANGE):
            raise PermissionDenied
        form = self.form_class(request.POST)
        rules = stored_rules()
        if form.is_valid():
            for name, value in form.cleaned_data.items():
                setattr(rules, name, value)
        if not form.is_valid() or "save" not in request.POST:
            shown = rules if form.is_valid() else None
            return self.render_to_response(self.get_context_data(form=form, shown=shown))
        save_rules(rules, by=self.staff)
        messages.success(request, _("The rules are saved."))
        return redirect(f"mechanisms:{self.name}")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        stored = stored_rules()
        shown: MechanismRules | None = kwargs.pop("shown", None)
        initial = {name: getattr(stored, name) for name in self.form_class.base_fields}
        form = kwargs.pop("form", None) or self.form_class(initial=initial)
        return {
            **super().get_context_data(**kwargs),
            "form": form,
            "is_preview": shown is not None,
            "rules": shown or stored,
            "next_at": stored.next_at,
            "may_see": self.request.user.has_perm("contacts.view_contact"),
            "may_change": self.request.user.has_perm(CHANGE),
            **self.told(shown or stored),
        }

    def told(self, rules: MechanismRules) -> dict[str, Any]:
        """Whom these rules concern, for the template."""
        raise NotImplementedError


class RegularsScreen(_RulesScreen):
    """Likely regulars, and regulars by what they bought for."""

    template_name = "backoffice/mechanisms/regulars.html"
    page_title = gettext_lazy("Likely regulars")
    form_class, name = RegularsForm, "regulars"

    def told(self, rules: MechanismRules) -> dict[str, Any]:
        now = clock.now()
        return {
            "likely": forecast_likely(rules, now, SAMPLE),
            "likely_sentence": likely_sentence(rules),
            "good": count_good(rules, now),
            "good_sentence": good_sentence(rules),
        }


class LapsesScreen(_RulesScreen, CountedScreen):
    """Lapses, and whom nothing wins back."""

    template_name = "backoffice/mechanisms/lapses.html"
    page_title = gettext_lazy("Lapsed customers")
    form_class, name = LapsesForm, "lapses"

    def told(self, rules: MechanismRules) -> dict[str, Any]:
        now = clock.now()
        kept = lapses_of(rules)
        due = kept.answer.latest if kept.answer else []
        people = Contact.objects.filter(erased_at=None, merged_at=None).in_bulk([each.contact_id for each in due])
        return {
            "kept": kept,
            "due": [(people[each.contact_id], each) for each in due if each.contact_id in people],
            "count": kept.answer.count if kept.answer else None,
            "marked": count_marked(MarkKind.LAPSED),
            "lately": lately_marked(MarkKind.LAPSED, SAMPLE),
            "over": len(over_winback(rules, now)),
            "lapse_sentence": lapse_sentence(rules),
            "winback_sentence": winback_sentence(rules),
        }
