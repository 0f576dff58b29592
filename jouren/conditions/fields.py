"""A model's field that holds a condition."""

from __future__ import annotations

import json
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from wagtail.admin.compare import TextFieldComparison, register_comparison_class

from jouren.conditions.authoring import read_tree
from jouren.conditions.widgets import ConditionFormField
from jouren.conditions.wording import describe


class ConditionField(models.JSONField):
    """A condition's tree as its author left it, finished or not; None for none."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        fixed: dict[str, Any] = {"null": True, "blank": True, "encoder": DjangoJSONEncoder}
        super().__init__(*args, **fixed | kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        for fixed in ("null", "blank", "encoder"):
            kwargs.pop(fixed, None)
        return name, path, args, kwargs

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        return read_tree(super().from_db_value(value, expression, connection))

    def to_python(self, value: Any) -> Any:
        return read_tree(value)

    def value_to_string(self, obj: Any) -> Any:
        """For revisions: JSON as a text, as other streams there are."""
        return json.dumps(self.value_from_object(obj), ensure_ascii=False)

    def formfield(self, **kwargs: Any) -> Any:
        kwargs.pop("encoder", None)
        return models.Field.formfield(self, **{"form_class": ConditionFormField} | kwargs)


class ConditionComparison(TextFieldComparison):
    """Two versions of a condition, side by side in words."""

    def __init__(self, field: Any, obj_a: Any, obj_b: Any) -> None:
        super().__init__(field, obj_a, obj_b)
        self.val_a: str = describe(field.value_from_object(obj_a))
        self.val_b: str = describe(field.value_from_object(obj_b))


register_comparison_class(ConditionField, comparison_class=ConditionComparison)
