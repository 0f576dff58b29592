"""How many people a condition holds for, while it is written, and a few of them."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from jouren.conditions.authoring import read_tree
from jouren.conditions.errors import ConditionError, TooManyToCount
from jouren.conditions.queries import count_briefly, sample_briefly
from jouren.conditions.widgets import MAX_LENGTH
from jouren.contacts.errors import BadSegment
from jouren.contacts.models import Contact
from jouren.contacts.segments.actions import check_condition

SAMPLE = 10


def counted(text: str, segment: str, user: Any) -> dict[str, Any]:
    """The answer to an editor: ``count`` and ``unit``, and a ``sample`` for whoever may see people.

    Instead of them a ``message`` and ``path`` where the condition cannot be asked, or a ``note`` where counting it took
    too long. ``segment``: the id of the one that it belongs to, if it has one.
    """
    tree = read_tree(text) if len(text) <= MAX_LENGTH else None
    try:
        check_condition(tree, int(segment) if segment.isascii() and segment.isdigit() else None)
        count = count_briefly(tree)
    except ConditionError as error:
        return {"path": error.path, "message": error.message}
    except BadSegment as error:
        return {"path": "", "message": str(error)}
    except TooManyToCount:
        return {"note": _("This takes long to count. Save it: the segment is counted in the background.")}
    answer: dict[str, Any] = {"count": f"{count:,}", "unit": ngettext("person fits", "people fit", count)}
    if count and user.has_perm("contacts.view_contact"):
        answer["sample"] = _sample(tree)
    return answer


def _sample(tree: object) -> list[dict[str, str]]:
    try:
        ids = sample_briefly(tree, SAMPLE)
    except TooManyToCount:
        return []
    people = Contact.objects.in_bulk(ids)
    return [
        {
            "name": people[pk].name or _("No name"),
            "url": reverse("people:person", args=[people[pk].public_id]),
        }
        for pk in ids
        if pk in people
    ]
