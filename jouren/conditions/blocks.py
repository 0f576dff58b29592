"""A condition as a block of an editor's stream."""

from __future__ import annotations

from typing import Any

from django.utils.html import escape
from django.utils.translation import gettext_lazy as _
from wagtail.blocks import FieldBlock

from jouren.conditions.authoring import read_tree
from jouren.conditions.widgets import ConditionFormField, ConditionWidget
from jouren.conditions.wording import describe


class ConditionBlock(FieldBlock):
    """Its value is the condition's tree, or None. Whether it can be asked is for whoever compiles it to say."""

    def __init__(self, required: bool = True, help_text: Any = None, **kwargs: Any) -> None:
        self.field = ConditionFormField(required=required, help_text=help_text, widget=ConditionWidget())
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> Any:
        return read_tree(value)

    def normalize(self, value: Any) -> Any:
        return read_tree(value)

    def bulk_to_python(self, values: Any) -> Any:
        return [read_tree(value) for value in values]

    def render_basic(self, value: Any, context: Any = None) -> Any:
        return escape(describe(value))

    class Meta:
        icon = "help"
        label = _("Condition")
