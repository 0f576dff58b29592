"""What an author fills in of a broadcast, step by step. A draft may be unfinished; what is filled in has to fit."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from jouren.backoffice.policy.wording import DAYS
from jouren.broadcasts.actions import Wording
from jouren.broadcasts.models import MOST_VARIANTS, Broadcast, variant_name
from jouren.broadcasts.vocabulary import Fallback, Metric, Timing
from jouren.conditions.widgets import ConditionFormField, ConditionWidget
from jouren.messaging.errors import InvalidMessage
from jouren.messaging.models import Message
from jouren.messaging.publishing import with_subject
from jouren.messaging.vocabulary import Kind

_MOST_OFFERED = 500
_NUMBERS = re.compile(r"[\s,、，・]+")


def messages_to_send() -> QuerySet[Message]:
    """What may be sent to many: published, and no built-in mail."""
    return Message.objects.filter(live=True).exclude(kind=Kind.TRANSACTIONAL).order_by("-pk")


class WhatForm(forms.Form):
    """The name, and up to four versions. A version after A is there once it has a message or a subject."""

    name = forms.CharField(
        label=_("Name"), max_length=200, help_text=_("For yourselves. Readers of the letters do not see it.")
    )

    def __init__(self, *args: Any, chosen: Collection[int] = (), **kwargs: Any) -> None:
        """``chosen``: messages that the draft has already, which stay on offer."""
        super().__init__(*args, **kwargs)
        offered = dict(messages_to_send().values_list("pk", "name")[:_MOST_OFFERED])
        offered |= dict(Message.objects.filter(pk__in=chosen).values_list("pk", "name"))
        choices = list(offered.items())
        for place in range(MOST_VARIANTS):
            empty = _("Choose a message") if place == 0 else _("The same message as A")
            self.fields[f"message_{place}"] = forms.TypedChoiceField(
                label=_("Message"), required=False, choices=[("", empty), *choices], coerce=int, empty_value=None
            )
            self.fields[f"subject_{place}"] = forms.CharField(
                label=_("Another subject"), required=False, max_length=200, widget=forms.TextInput()
            )

    @property
    def versions(self) -> list[tuple[str, Any, Any]]:
        """Letter, message and subject of each version, as fields."""
        return [
            (variant_name(place), self[f"message_{place}"], self[f"subject_{place}"]) for place in range(MOST_VARIANTS)
        ]

    def clean(self) -> dict[str, Any]:
        """Refuse a subject that asks for what nobody knows, where it is typed."""
        cleaned: dict[str, Any] = super().clean() or {}
        first = cleaned.get("message_0")
        for place in range(MOST_VARIANTS):
            subject = cleaned.get(f"subject_{place}", "")
            message_id = cleaned.get(f"message_{place}") or first
            if place and first is None and (subject or message_id):
                self.add_error("message_0", gettext("Choose the message of version A first."))
                break
            version = Message.objects.get(pk=message_id).published_versions.first() if subject and message_id else None
            if version is not None:
                try:
                    with_subject(version.bodies.get("email", {}), subject)
                except InvalidMessage as error:
                    self.add_error(f"subject_{place}", error.problems)
        return cleaned

    def wordings(self) -> list[Wording]:
        """The versions that are filled in."""
        first = self.cleaned_data["message_0"]
        if first is None:
            return []
        wordings = [Wording(first, self.cleaned_data["subject_0"])]
        for place in range(1, MOST_VARIANTS):
            message_id, subject = self.cleaned_data[f"message_{place}"], self.cleaned_data[f"subject_{place}"]
            if message_id or subject:
                wordings.append(Wording(message_id or first, subject))
        return wordings

    @staticmethod
    def initial_of(broadcast: Broadcast) -> dict[str, Any]:
        """What the form shows of a draft."""
        initial: dict[str, Any] = {"name": broadcast.name}
        variants = list(broadcast.variants.all())
        for variant in variants:
            is_same = variant.place > 0 and variant.message_id == variants[0].message_id
            initial[f"message_{variant.place}"] = None if is_same else variant.message_id
            initial[f"subject_{variant.place}"] = variant.subject
        return initial


class WhomForm(forms.Form):
    """The condition; none: everybody who agreed to the topic."""

    audience = ConditionFormField(label=_("Only to those for whom this holds"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["audience"].widget = ConditionWidget(counts=True)


class _DayInput(forms.DateInput):
    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class _TimeInput(forms.TimeInput):
    input_type = "time"

    def __init__(self) -> None:
        super().__init__(format="%H:%M")


class WhenForm(forms.Form):
    """At once, once, or again and again; by whose clock; how fast."""

    timing = forms.ChoiceField(label=_("When"), choices=Timing.choices, widget=forms.RadioSelect)
    day = forms.DateField(label=_("Day"), required=False, widget=_DayInput())
    at = forms.TimeField(label=_("Time"), required=False, widget=_TimeInput())
    is_local = forms.BooleanField(label=_("By the clock where each person lives"), required=False)
    weekdays = forms.TypedMultipleChoiceField(
        label=_("Days of the week"),
        choices=list(enumerate(DAYS)),
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    month_days = forms.CharField(
        label=_("Days of the month"),
        required=False,
        max_length=120,
        help_text=_("Such as 1, 15. 31 is the last day of every month."),
    )
    until = forms.DateField(label=_("Last day (empty: without end)"), required=False, widget=_DayInput())
    per_hour = forms.IntegerField(
        label=_("Messages an hour at most"),
        required=False,
        min_value=1,
        max_value=10_000_000,
        help_text=_("Empty: as fast as your mail service allows. A limit is spread evenly over the hour."),
    )

    def clean_month_days(self) -> list[int]:
        """Numbers from 1 to 31."""
        words = [word for word in _NUMBERS.split(self.cleaned_data["month_days"]) if word]
        if any(not (word.isdecimal() and 1 <= int(word) <= 31) for word in words):
            raise forms.ValidationError(gettext("Write numbers from 1 to 31, with commas between them."))
        return sorted({int(word) for word in words})

    def clean_at(self) -> Any:
        """A time is always there: what is not asked for is not looked at."""
        return self.cleaned_data["at"] or Broadcast._meta.get_field("at").get_default()

    @staticmethod
    def initial_of(broadcast: Broadcast) -> dict[str, Any]:
        """What the form shows of a draft."""
        names = ("timing", "day", "at", "is_local", "weekdays", "until", "per_hour")
        initial = {name: getattr(broadcast, name) for name in names}
        return {**initial, "month_days": ", ".join(map(str, broadcast.month_days))}


class MoreForm(forms.Form):
    """The test of versions, the second sending, the archive."""

    test_percent = forms.IntegerField(
        label=_("How many get the test (percent)"),
        min_value=1,
        max_value=100,
        help_text=_("They get the versions in equal shares, drawn by lot. The others wait for the result."),
    )
    wait_hours = forms.IntegerField(label=_("Hours until the decision"), min_value=1, max_value=240)
    metric = forms.ChoiceField(
        label=_("What decides"),
        choices=Metric.choices,
        widget=forms.RadioSelect,
        help_text=_("Only what people do counts, not what machines do. Opens are hidden by many mail readers."),
    )
    fallback = forms.ChoiceField(
        label=_("When there is not enough data"), choices=Fallback.choices, widget=forms.RadioSelect
    )
    again_on = forms.BooleanField(label=_("Send it once more to those who do not react"), required=False)
    again_hours = forms.IntegerField(label=_("After how many hours"), min_value=1, max_value=720, required=False)
    again_subject = forms.CharField(
        label=pgettext_lazy("of a second sending", "Its subject"), max_length=200, required=False
    )
    is_archived = forms.BooleanField(label=_("Show it in the archive on the web"), required=False)
    is_searchable = forms.BooleanField(label=_("Search engines may find it there"), required=False)

    def clean(self) -> dict[str, Any]:
        """What is switched on needs its details."""
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("again_on"):
            if cleaned.get("again_hours") is None and "again_hours" not in self.errors:
                self.add_error("again_hours", gettext("Say after how many hours."))
            if not cleaned.get("again_subject", "").strip():
                self.add_error("again_subject", gettext("The second sending needs a subject of its own."))
        return cleaned

    def values(self) -> dict[str, Any]:
        """The broadcast's fields."""
        values = dict(self.cleaned_data)
        if not values.pop("again_on"):
            values["again_hours"] = None
        return values

    @staticmethod
    def initial_of(broadcast: Broadcast) -> dict[str, Any]:
        """What the form shows of a draft."""
        names = ("test_percent", "wait_hours", "metric", "fallback", "again_subject", "is_archived", "is_searchable")
        initial = {name: getattr(broadcast, name) for name in names}
        return {**initial, "again_on": broadcast.again_hours is not None, "again_hours": broadcast.again_hours or 48}
