"""What staff write of a segment."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from jouren.conditions.widgets import ConditionFormField, ConditionWidget
from jouren.contacts.segments.actions import MAX_DESCRIPTION_LENGTH, MAX_NAME_LENGTH
from jouren.contacts.segments.models import Segment


class SegmentForm(forms.Form):
    """Its name, what it is for, and whom it is about. What is wrong is said by the action that saves it."""

    name = forms.CharField(label=_("Name"), max_length=MAX_NAME_LENGTH, help_text=_("Such as: bought once, long ago."))
    description = forms.CharField(label=_("What you need it for"), max_length=MAX_DESCRIPTION_LENGTH, required=False)
    condition = ConditionFormField(label=_("Who is in it"), required=False)

    def __init__(self, *args: Any, segment: Segment | None = None, **kwargs: Any) -> None:
        if segment is not None:
            kwargs.setdefault("initial", {name: getattr(segment, name) for name in self.base_fields})
        super().__init__(*args, **kwargs)
        self.fields["condition"].widget = ConditionWidget(counts=True, segment=segment.pk if segment else None)
