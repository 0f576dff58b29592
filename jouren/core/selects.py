"""What a select says where nothing is chosen: words, not Django's row of dashes, which tells a shop owner nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.db.models import BLANK_CHOICE_DASH
from django.utils.translation import gettext_lazy as _

CHOOSE = _("Choose…")
NONE_OF_THEM = _("None of them")
_DASHES = BLANK_CHOICE_DASH[0][1]


class ChoosingForm:
    """To inherit from beside a form's own class. ``when_empty``: what choosing nothing means, by field.

    A field that is not named there asks to choose where it has to be filled in; elsewhere it means none of them.
    """

    when_empty: ClassVar[Mapping[str, Any]] = {}
    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            _name_emptiness(field, self.when_empty.get(name) or (CHOOSE if field.required else NONE_OF_THEM))


def _name_emptiness(field: forms.Field, words: Any) -> None:
    if isinstance(field, forms.ModelChoiceField):
        if field.empty_label == _DASHES:
            field.empty_label = words
    elif isinstance(field, forms.ChoiceField):
        choices: list[tuple[Any, Any]] = [*field.choices]  # type: ignore[misc]
        if any(label == _DASHES for _value, label in choices):
            field.choices = [(value, words if label == _DASHES else label) for value, label in choices]
