"""Fields of the back office's forms."""

from __future__ import annotations

from typing import Any

from django import forms

from jouren.capture.phrases import BUTTON_TEXTS


class SuggestingInput(forms.TextInput):
    """A text field for a button that offers proven phrases and takes any other."""

    template_name = "capture/admin/suggesting_input.html"

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        """Adds the phrases and ties the list to the field."""
        context = super().get_context(name, value, attrs)
        list_id = f"{context['widget']['attrs'].get('id') or name}-phrases"
        context["widget"]["attrs"]["list"] = list_id
        return {**context, "list_id": list_id, "phrases": BUTTON_TEXTS}
