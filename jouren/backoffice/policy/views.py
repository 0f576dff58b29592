"""The screen of the sending rules (配信ルール)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin import messages

from jouren.backoffice.policy.forms import CapForm, CapFormSet, RulesForm, initial_of, initial_of_cap
from jouren.backoffice.policy.wording import control_group_text, limit_text, sentences
from jouren.backoffice.screens import Screen
from jouren.contacts.models import Topic
from jouren.core import clock
from jouren.messaging.control_group.queries import stored_group
from jouren.messaging.sending_rules.actions import save_rules
from jouren.messaging.sending_rules.checks import Problem, find_problems
from jouren.messaging.sending_rules.holds import HeldLately, held_lately
from jouren.messaging.sending_rules.queries import load_rules, stored_rules
from jouren.messaging.sending_rules.terms import Cap, Rules

VIEW, CHANGE = "messaging.view_sendingrules", "messaging.change_sendingrules"

WEEK = timedelta(days=7)
NEWEST = 200_000
"""Among how many of the newest deliveries those that were held back are counted."""


@dataclass(frozen=True)
class CapRow:
    """A cap on the screen: its form, what it says as it is stored (empty: a new one), and what it did lately."""

    form: CapForm
    title: str
    held: HeldLately


class RulesScreen(Screen):
    """All sending rules on one page, with what they do in words and what they did in the last seven days."""

    permissions = (VIEW,)
    template_name = "backoffice/policy/rules.html"
    page_title = gettext_lazy("Sending rules")
    header_icon = "time"

    def post(self, request: HttpRequest) -> HttpResponse:
        """Show what the rules would do, or put them in force."""
        if not request.user.has_perm(CHANGE):
            raise PermissionDenied
        form = RulesForm(request.POST)
        caps = CapFormSet(request.POST, prefix="caps", initial=_initial_of_caps(load_rules()))
        shown = None
        if form.is_valid() & caps.is_valid():
            kept = [each for each in caps.forms if each.cleaned_data and each not in caps.deleted_forms]
            shown = form.rules(each.cap() for each in kept), form.cleaned_data["default_hour"]
            for problem in find_problems(*shown):
                _tell(problem, form, kept)
        if shown is None or form.errors or caps.total_error_count():
            return self.render_to_response(self.get_context_data(form=form, caps=caps))
        if "save" not in request.POST:
            return self.render_to_response(self.get_context_data(form=form, caps=caps, shown=shown))
        save_rules(shown[0], default_hour=shown[1], by=self.staff)
        messages.success(request, _("The sending rules are saved. They hold from the next message on."))
        return redirect("sending_rules:show")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        row, rules = stored_rules(), load_rules()
        topics = dict(Topic.objects.values_list("key", "name"))
        shown = kwargs.get("shown")
        told, default_hour = shown or (rules, row.default_hour)
        caps = kwargs.get("caps") or CapFormSet(prefix="caps", initial=_initial_of_caps(rules))
        held = held_lately(clock.now() - WEEK, NEWEST)
        return {
            **super().get_context_data(**kwargs),
            "form": kwargs.get("form") or RulesForm(initial=initial_of(row, rules)),
            "caps": caps,
            "rows": _rows(caps, rules.caps, topics, held),
            "held": {name: held.get(name, HeldLately()) for name in ("quiet", "window", "ready")},
            "is_preview": shown is not None,
            "control_group": control_group_text(stored_group()),
            "sentences": list(sentences(told, default_hour, topics)),
            "may_change": self.request.user.has_perm(CHANGE),
        }


def _initial_of_caps(rules: Rules) -> list[dict[str, Any]]:
    return [initial_of_cap(cap) for cap in rules.caps]


def _rows(caps: Any, stored: tuple[Cap, ...], topics: dict[str, str], held: dict[str, HeldLately]) -> list[CapRow]:
    titles = {cap.id: limit_text(cap, topics) for cap in stored}
    rows = []
    for form in caps.forms:
        number = form["id"].value()
        id_ = int(number) if str(number or "").isdecimal() else 0
        rows.append(CapRow(form, titles.get(id_, ""), held.get(f"cap:{id_}", HeldLately())))
    return rows


def _tell(problem: Problem, form: RulesForm, caps: list[CapForm]) -> None:
    """Show a problem at the field that it is about."""
    if problem.cap is None:
        form.tell(problem)
    else:
        caps[problem.cap].add_error("most", problem.text)
