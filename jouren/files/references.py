"""What files call the things they refer to: those that have files by these, everything else by its own name."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.utils.translation import gettext as _
from wagtail.images import get_image_model
from wagtail.models import Page

from jouren.conditions.choices import choices
from jouren.core.errors import UserError
from jouren.files.pictures import Pictures

_NAMES = ("key", "slug", "name", "title")
# Lists that conditions choose from, whose rows are files themselves.
_ROWS = {"messages": "messaging.Message", "journeys": "journeys.Journey", "segments": "contacts.Segment"}
# Files of before had none of these; they named them by name.
_ONCE_NAMED = ("contacts.Segment", "journeys.Series")


class Unfindable(UserError):
    """No one thing has the name that a file gives."""


def model_named(label: str) -> Any:
    """A model by ``app.Model``."""
    return apps.get_model(label)


class Names:
    """Looks things up in both directions. ``stems``: the names of files, by model and id."""

    def __init__(self, stems: Mapping[str, Mapping[int, str]], pictures: Pictures) -> None:
        self._stems = stems
        self._ids = {label: {_folded(stem): pk for pk, stem in known.items()} for label, known in stems.items()}
        self._pictures = pictures
        self.used: dict[str, set[int]] = {label: set() for label in stems}
        """What was named of that which has files, by model."""

    def name_of(self, model: Any, pk: Any) -> str | None:
        """What files call the row; None when it is gone."""
        label = model._meta.label
        if label in self._stems:
            self.used[label].add(int(pk))
            return self._stems[label].get(int(pk))
        row = model._default_manager.filter(pk=pk).first()
        if row is None:
            return None
        if issubclass(model, get_image_model()):
            return self._pictures.name_of(row)
        return str(getattr(row, _name_field(model)))

    def find(self, model: Any, name: str) -> Any:
        """The id of the one thing that has this name. ``model``: a model, or a list that conditions choose from.

        Raises:
            Unfindable: nothing has it, or several things.
        """
        if isinstance(model, str):
            if model not in _ROWS:
                return _only([pk for pk, label in choices(model).listed() if label == name], name)
            model = model_named(_ROWS[model])
        label = model._meta.label
        if label in self._ids:
            found = self._ids[label].get(_folded(name))
            if found is None and label in _ONCE_NAMED:
                return _only(_named(model, name), name)
            return _only([] if found is None else [found], name)
        if issubclass(model, get_image_model()):
            return _only(self._pictures.find(name), name)
        return _only(_named(model, name), name, str(model._meta.verbose_name))

    def name_in_list(self, list_name: str, value: Any) -> Any:
        """What files call a row that a condition has chosen from a list."""
        if list_name in _ROWS:
            return self.name_of(model_named(_ROWS[list_name]), value)
        return next((label for known, label in choices(list_name).listed() if known == value), None)


def _named(model: Any, name: str) -> list[Any]:
    rows = model._default_manager.filter(**{_name_field(model): name}, **_still_there(model)).order_by("pk")
    return list(rows.values_list("pk", flat=True)[:2])


def _still_there(model: Any) -> dict[str, Any]:
    """What tells a row from one that is only kept because others still name it."""
    return {"deleted_at": None} if any(field.name == "deleted_at" for field in model._meta.concrete_fields) else {}


def _name_field(model: Any) -> str:
    if issubclass(model, Page):
        return "url_path"
    if model is get_user_model():
        return str(model.USERNAME_FIELD)
    known = {field.name for field in model._meta.concrete_fields}
    return next(name for name in _NAMES if name in known)


def _only(found: list[Any], name: str, kind: str = "") -> Any:
    shown = {"name": name[:100], "kind": kind}
    if not found:
        if kind:
            raise Unfindable(_("There is no %(kind)s “%(name)s” here. Make it first, or write another name.") % shown)
        raise Unfindable(_("There is no “%(name)s”, neither among the files nor here.") % shown)
    if len(found) > 1:
        raise Unfindable(_("Several things here are called “%(name)s”. Give them different names first.") % shown)
    return found[0]


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name)
