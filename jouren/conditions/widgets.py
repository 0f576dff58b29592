"""The editor of a condition: a hidden text that holds its JSON, and what ``builder.js`` puts in front of it."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.urls import reverse_lazy
from django.utils.html import format_html
from django.utils.translation import gettext as _

from jouren.conditions.authoring import Tree, read_tree

MAX_LENGTH = 100_000


class ConditionWidget(forms.Widget):
    """``counts``: it also shows how many people the condition holds for, as it is edited.

    ``segment``: of which segment it is the condition, so that a circle is told at once.
    """

    show_add_comment_button = False

    class Media:
        js = ["conditions/builder.js"]
        css = {"all": ["conditions/builder.css"]}

    def __init__(
        self, attrs: dict[str, Any] | None = None, *, counts: bool = False, segment: int | None = None
    ) -> None:
        super().__init__(attrs)
        self.segment = segment
        self.counts = counts

    def format_value(self, value: Any) -> str:
        tree = read_tree(value)
        return json.dumps(tree, ensure_ascii=False) if tree is not None else ""

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> Any:
        return format_html(
            '<jouren-condition catalogue="{}" check="{}" broken="{}"{}{}>'
            '<textarea name="{}" id="{}" hidden>{}</textarea></jouren-condition>',
            reverse_lazy("conditions:catalogue"),
            reverse_lazy("conditions:check"),
            _("The editor of conditions could not be loaded. Please load the page again."),
            " counts" if self.counts else "",
            format_html(' segment="{}"', self.segment) if self.segment else "",
            name,
            (attrs or {}).get("id", ""),
            self.format_value(value),
        )

    def value_from_datadict(self, data: Any, files: Any, name: str) -> str:
        return str(data.get(name) or "")

    def use_required_attribute(self, initial: Any) -> bool:
        return False  # the text is hidden: a browser could not say what is missing


class ConditionFormField(forms.Field):
    """Takes the JSON that the widget gives; its value is the tree, or None. Drafts are kept: only size is checked."""

    widget = ConditionWidget

    def to_python(self, value: object) -> Tree | None:
        if isinstance(value, str) and len(value) > MAX_LENGTH:
            return None
        return read_tree(value)

    def prepare_value(self, value: Any) -> Any:
        return value

    def has_changed(self, initial: Any, data: Any) -> bool:
        return self.to_python(initial) != self.to_python(data)
