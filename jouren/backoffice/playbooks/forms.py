"""What is chosen when a ready-made journey is made a shop's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jouren.catalog.offers.models import Offer
from jouren.contacts.models import Topic
from jouren.inbox.models import Survey
from jouren.messaging.channels.email.links import problem_of
from jouren.playbooks.making import MAX_DAY, MAX_TEXT, ORDER, PERSON, Choices
from jouren.playbooks.reading import Playbook

_PER = [
    (ORDER, gettext_lazy("Once for each order: two orders make two runs")),
    (PERSON, gettext_lazy("Once a person: the first order makes the only run")),
]
_PURCHASES = [
    ("", gettext_lazy("any purchase")),
    ("trial", gettext_lazy("a trial")),
    ("regular", gettext_lazy("at the regular price")),
]
_NEW = "new"


def _check_address(url: str) -> None:
    if problem := problem_of(url):
        raise forms.ValidationError(problem)


class PlaybookForm(forms.Form):
    """The choices of one playbook: those that it has. The places to fill in may be left for later."""

    topic = forms.ModelChoiceField(
        Topic.objects.order_by("name"),
        to_field_name="key",
        empty_label=None,
        label=gettext_lazy("topic"),
        help_text=gettext_lazy("What people agreed to receive: only they get these messages."),
    )
    purchase = forms.ChoiceField(choices=_PURCHASES, required=False, label=gettext_lazy("After which purchase"))
    per = forms.ChoiceField(choices=_PER, initial=ORDER, label=gettext_lazy("How often"))
    survey = forms.ChoiceField(required=False, label=gettext_lazy("Survey"))
    offer = forms.ModelChoiceField(
        Offer.objects.filter(is_open=True).order_by("name"),
        required=False,
        to_field_name="name",
        empty_label=gettext_lazy("None: a button to a page of yours"),
        label=gettext_lazy("Offer"),
    )

    def __init__(
        self, *args: Any, playbook: Playbook, may_add_survey: bool, owner: Mapping[str, str], **kwargs: Any
    ) -> None:
        """``owner``: what the owner's story says, by place."""
        super().__init__(*args, **kwargs)
        self.playbook = playbook
        self._drop_what_it_has_not()
        if "survey" in self.fields:
            known = [(name, name) for name in Survey.objects.filter(is_open=True).values_list("name", flat=True)]
            new = [(f"+{_NEW}", _("A new one, of the usual questions"))] if may_add_survey else []
            field = self.fields["survey"]
            assert isinstance(field, forms.ChoiceField)
            field.choices = [*known, *new, ("", _("None: the message asks in words only"))]
        rows = {row.wait: row for row in playbook.rows if row.wait is not None}
        for number, day in enumerate(playbook.days):
            self.fields[f"day_{number}"] = forms.IntegerField(
                min_value=1, max_value=MAX_DAY, initial=day, label=rows[number].name if number in rows else ""
            )
        for number, place in enumerate(playbook.places):
            self.fields[f"text_{number}"] = forms.CharField(
                required=False,
                max_length=MAX_TEXT,
                label=place,
                initial=owner.get(place, ""),
                widget=forms.Textarea(attrs={"rows": 1}),
                strip=True,
                help_text=_("It begins with https://.") if place in playbook.addresses else "",
                validators=[_check_address] if place in playbook.addresses else [],
            )

    def _drop_what_it_has_not(self) -> None:
        playbook = self.playbook
        has = {
            "purchase": playbook.begins_with_purchase,
            "per": bool(playbook.asks_about),
            "survey": playbook.has_survey,
            "offer": playbook.has_offer,
        }
        for name, is_there in has.items():
            if not is_there:
                del self.fields[name]

    @property
    def options(self) -> list[forms.BoundField]:
        """The fields of what is chosen."""
        return [self[name] for name in self.fields if not name.startswith(("day_", "text_"))]

    @property
    def days(self) -> list[forms.BoundField]:
        """The fields of days."""
        return [self[name] for name in self.fields if name.startswith("day_")]

    @property
    def places(self) -> list[forms.BoundField]:
        """The fields of what is to be filled in."""
        return [self[name] for name in self.fields if name.startswith("text_")]

    def choices(self) -> Choices:
        """What was chosen."""
        given = self.cleaned_data
        survey = given.get("survey") or ""
        is_new = survey == f"+{_NEW}"
        return Choices(
            topic=given["topic"].key,
            per=given.get("per") or ORDER,
            purchase=given.get("purchase") or "",
            days=[given[f"day_{number}"] for number in range(len(self.playbook.days))],
            texts={place: given[f"text_{number}"] for number, place in enumerate(self.playbook.places)},
            survey="" if is_new else survey,
            offer=given["offer"].name if given.get("offer") else "",
            new_survey=is_new,
        )
