"""Answers to the editor of conditions: what can be asked, and whether a condition can be asked as it stands."""

from __future__ import annotations

from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.generic import View

from jouren.backoffice.conditions.counting import counted
from jouren.backoffice.screens import PermissionAsked
from jouren.conditions.authoring import read_tree
from jouren.conditions.catalogue import catalogue
from jouren.conditions.errors import ConditionError
from jouren.conditions.tree import validate_tree
from jouren.conditions.widgets import MAX_LENGTH

_SEGMENT_WRITERS = ("contacts.add_segment", "contacts.change_segment")


class _EditorAnswer(PermissionAsked, View):
    """For whoever may see something that has conditions in it."""

    any_of: ClassVar[tuple[str, ...]] = (
        *(f"journeys.{verb}_journey" for verb in ("view", "add", "change")),
        *(f"contacts.{verb}_segment" for verb in ("view", "add", "change")),
    )

    @classmethod
    def is_allowed(cls, request: HttpRequest) -> bool:
        return any(request.user.has_perm(permission) for permission in cls.any_of)


class Catalogue(_EditorAnswer):
    """The facts and how they are asked, with the editor's own words, in the language of whoever asks."""

    http_method_names = ["get"]

    def get(self, request: HttpRequest) -> HttpResponse:
        answer = JsonResponse(catalogue() | {"words": words(), "value_first": _value_first()})
        answer["Cache-Control"] = "private, no-store"
        return answer


class Check(_EditorAnswer):
    """Whether the posted condition can be asked; if not, which part of it hinders, and why.

    For a segment also how many people that is, and a few of them, if that can be said within seconds.
    """

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        text = request.POST.get("condition", "")
        if request.POST.get("count") and any(map(request.user.has_perm, _SEGMENT_WRITERS)):
            return JsonResponse(counted(text, request.POST.get("segment", ""), request.user))
        return JsonResponse(_checked(text))


def _checked(text: str) -> dict[str, Any]:
    tree = read_tree(text) if len(text) <= MAX_LENGTH else None
    if tree is None:
        return {"path": "", "message": _("There is no condition yet.")}
    try:
        validate_tree(tree)
    except ConditionError as error:
        return {"path": error.path, "message": error.message}
    return {}


def _value_first() -> bool:
    """Whether the language says a comparison after what is compared with: 「30 日以内」."""
    return pgettext("a comparison follows its value, as in Japanese: yes or no", "no") == "yes"


def words() -> dict[str, str]:
    """What the editor itself says."""
    return {
        "all": _("All of these hold"),
        "any": _("At least one of these holds"),
        "none": _("None of these holds"),
        "how": _("How these go together"),
        "choose": _("— choose —"),
        "fact": _("What"),
        "question": _("How"),
        "value": _("Value"),
        "from": pgettext("between two values", "From"),
        "to": pgettext("between two values", "To"),
        "separated": _("separated by commas"),
        "detail": _("Only if …"),
        "detailField": _("Detail of the event"),
        "add": _("Add a condition"),
        "group": _("Add a group"),
        "remove": _("Take this condition out"),
        "removeGroup": _("Take this group out"),
        "nothing": _("No condition yet."),
    }
