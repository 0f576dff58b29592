"""The form of the sending rules: what is typed, turned into rules, and what is wrong with them told at its field."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import time, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from jouren.backoffice.policy.wording import DAYS, time_text
from jouren.contacts.errors import BadValue
from jouren.contacts.models import Topic
from jouren.contacts.policies import check_zone, zone_of
from jouren.messaging.channels.base import channels
from jouren.messaging.sending_rules.checks import MAX_CAPS, Problem
from jouren.messaging.sending_rules.models import SendingRules
from jouren.messaging.sending_rules.readiness import DEFAULT_NEEDED
from jouren.messaging.sending_rules.terms import ROLLING, Action, Cap, Quiet, Readiness, Rules, Unit, Window
from jouren.messaging.vocabulary import Kind

_FIELD_OF_PART = {
    "quiet": "quiet_until",
    "window": "window_days",
    "readiness": "help_before_ask",
    "delay": "longest_delay_days",
    "hour": "default_hour",
}
_KINDS = (Kind.HELP, Kind.ASK, Kind.CARE)


class _TimeInput(forms.TimeInput):
    input_type = "time"

    def __init__(self) -> None:
        super().__init__(format="%H:%M")


def _times(label: Any) -> forms.TimeField:
    return forms.TimeField(label=label, required=False, widget=_TimeInput())


def _number(label: Any, *, required: bool = True) -> forms.IntegerField:
    # What it may be is for the rules' own checks to say, all at once and in a shop's words.
    return forms.IntegerField(label=label, required=required, widget=forms.NumberInput(attrs={"min": 1}))


def _actions() -> forms.ChoiceField:
    return forms.ChoiceField(
        label=_("What becomes of the message"), choices=Action.choices, initial=Action.DEFER, widget=forms.RadioSelect
    )


class RulesForm(forms.Form):
    """Everything but the caps."""

    quiet_on = forms.BooleanField(label=_("Keep quiet hours"), required=False)
    quiet_from = _times(pgettext_lazy("a time of day", "from"))
    quiet_until = _times(pgettext_lazy("a time of day", "to"))
    quiet_action = _actions()
    window_on = forms.BooleanField(label=_("Send on these days and hours only"), required=False)
    window_from = _times(pgettext_lazy("a time of day", "from"))
    window_until = _times(pgettext_lazy("a time of day", "to"))
    window_days = forms.TypedMultipleChoiceField(
        label=_("Days of the week"),
        choices=list(enumerate(DAYS)),
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    window_not_on_holidays = forms.BooleanField(label=_("Not on public holidays"), required=False)
    window_not_on_closures = forms.BooleanField(label=_("Not on the shop's days off"), required=False)
    window_action = _actions()
    readiness_on = forms.BooleanField(label=_("Help before an offer"), required=False)
    help_before_ask = _number(_("Messages that help first"), required=False)
    readiness_action = _actions()
    longest_delay_days = _number(_("Days at most"))
    default_hour = forms.TypedChoiceField(
        label=_("Hour to begin with"),
        choices=[(hour, time_text(time(hour))) for hour in range(24)],
        coerce=int,
    )
    zone = forms.CharField(label=_("Time zone of the shop"), max_length=64)

    def clean_zone(self) -> str:
        try:
            return check_zone(self.cleaned_data["zone"].strip())
        except BadValue as error:
            raise forms.ValidationError(str(error)) from error

    def clean(self) -> dict[str, Any]:
        """Ask for what a rule that is on needs."""
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("quiet_on") and self._lacks("quiet_from", "quiet_until"):
            self.add_error("quiet_from", gettext("Write when the quiet hours begin and when they end."))
        if cleaned.get("window_on") and len(self._given("window_from", "window_until")) == 1:
            self.add_error("window_from", gettext("Write both times, or none for the whole day."))
        if cleaned.get("readiness_on") and self._lacks("help_before_ask"):
            self.add_error("help_before_ask", gettext("Write how many messages help first."))
        return cleaned

    def _given(self, *names: str) -> list[str]:
        return [name for name in names if self.cleaned_data.get(name) is not None and name not in self.errors]

    def _lacks(self, *names: str) -> bool:
        return len(self._given(*names)) < len(names) and not any(name in self.errors for name in names)

    def rules(self, caps: Iterable[Cap]) -> Rules:
        """What was typed, as rules. Only of a valid form."""
        typed = self.cleaned_data
        quiet = window = readiness = None
        if typed["quiet_on"]:
            quiet = Quiet(typed["quiet_from"], typed["quiet_until"], Action(typed["quiet_action"]))
        if typed["window_on"]:
            window = Window(
                typed["window_from"] or time(0),
                typed["window_until"] or time(0),
                frozenset(typed["window_days"]),
                not typed["window_not_on_holidays"],
                not typed["window_not_on_closures"],
                Action(typed["window_action"]),
            )
        if typed["readiness_on"]:
            readiness = Readiness(typed["help_before_ask"], Action(typed["readiness_action"]))
        delay = timedelta(days=_within(typed["longest_delay_days"]))
        return Rules(zone_of(typed["zone"]), delay, quiet, window, tuple(caps), readiness)

    def tell(self, problem: Problem) -> None:
        """Show a problem at the field that it is about."""
        self.add_error(_FIELD_OF_PART.get(problem.part), problem.text)


def _within(number: int) -> int:
    """A number that a duration can have; one that is beyond stays wrong."""
    return max(-1, min(number, 100_000))


def initial_of(row: SendingRules, rules: Rules) -> dict[str, Any]:
    """What the form shows of stored rules; of a rule that is off, what it would begin as."""
    quiet, window, readiness = rules.quiet, rules.window, rules.readiness
    shown_quiet = quiet or Quiet(time(21), time(8))
    shown_window = window or Window(time(8), time(20))
    is_whole_day = shown_window.start == shown_window.end
    return {
        "quiet_on": quiet is not None,
        "quiet_from": shown_quiet.start,
        "quiet_until": shown_quiet.end,
        "quiet_action": shown_quiet.action,
        "window_on": window is not None,
        "window_from": None if is_whole_day else shown_window.start,
        "window_until": None if is_whole_day else shown_window.end,
        "window_days": sorted(shown_window.days),
        "window_not_on_holidays": not shown_window.on_holidays,
        "window_not_on_closures": not shown_window.on_closures,
        "window_action": shown_window.action,
        "readiness_on": readiness is not None,
        "help_before_ask": readiness.needed if readiness else DEFAULT_NEEDED,
        "readiness_action": readiness.action if readiness else Action.DEFER,
        "longest_delay_days": row.longest_delay_days,
        "default_hour": row.default_hour,
        "zone": rules.zone.key,
    }


class CapForm(forms.Form):
    """One cap. ``about`` is which messages it counts: ``kind:…``, ``topic:…``, or (empty) all."""

    id = forms.IntegerField(required=False, widget=forms.HiddenInput)
    most = _number(_("Messages at most"))
    length = _number(pgettext_lazy("so many hours or days", "in"), required=False)
    unit = forms.ChoiceField(label=_("Period"), choices=Unit.choices, initial=Unit.DAY)
    channel = forms.ChoiceField(label=pgettext_lazy("a channel", "By"), required=False)
    about = forms.ChoiceField(label=_("Which messages"), required=False)
    action = _actions()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, choices in (("channel", _channel_choices), ("about", _about_choices)):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            # What a stored cap names stays a choice, also when it is not there any more.
            stored = self.initial.get(name) or ""
            known = list(choices())
            field.choices = known if stored in dict(known) else [*known, (stored, stored.rpartition(":")[2])]

    def cap(self) -> Cap:
        """What was typed, as a cap. Only of a valid form."""
        typed = self.cleaned_data
        unit = Unit(typed["unit"])
        what, _colon, which = typed["about"].partition(":")
        return Cap(
            typed["id"] or 0,
            typed["most"],
            unit,
            _within(1 if typed["length"] is None else typed["length"]) if unit in ROLLING else 1,
            typed["channel"],
            which if what == "kind" else "",
            which if what == "topic" else "",
            Action(typed["action"]),
        )


def _channel_choices() -> Iterator[tuple[str, Any]]:
    yield "", _("all channels")
    yield from ((each.name, each.label) for each in channels())


def _about_choices() -> Iterator[tuple[str, Any]]:
    yield "", _("all messages")
    yield from ((f"kind:{kind}", kind.label) for kind in _KINDS)
    for key, name in Topic.objects.values_list("key", "name"):
        yield f"topic:{key}", _("“%(topic)s”") % {"topic": name}


CapFormSet = forms.formset_factory(CapForm, extra=1, can_delete=True, max_num=MAX_CAPS + 1, absolute_max=MAX_CAPS + 1)


def initial_of_cap(cap: Cap) -> dict[str, Any]:
    """What the form shows of a stored cap."""
    about = f"kind:{cap.kind}" if cap.kind else f"topic:{cap.topic}" if cap.topic else ""
    return {
        "id": cap.id,
        "most": cap.most,
        "length": cap.length if cap.unit in ROLLING else None,
        "unit": cap.unit,
        "channel": cap.channel,
        "about": about,
        "action": cap.action,
    }
