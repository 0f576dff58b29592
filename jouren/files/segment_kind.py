"""Segments as files. They have no drafts: what is taken in holds at once, as it does after saving one by hand."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from wagtail.log_actions import log

from jouren.contacts.errors import BadSegment
from jouren.contacts.segments.actions import save_segment
from jouren.contacts.segments.models import Segment
from jouren.core import clock
from jouren.files.codecs.base import Reading, Schema, is_empty
from jouren.files.documents import Node
from jouren.files.kind import Kind


class SegmentKind(Kind):
    """People for whom a condition holds."""

    has_drafts = False

    def rows(self) -> QuerySet[Any]:
        """Those that nobody has deleted."""
        return Segment.objects.filter(deleted_at=None).order_by("pk")

    def drafts(self, ids: Collection[int] | None) -> Iterable[Any]:
        """As they stand."""
        return self.rows() if ids is None else self.rows().filter(pk__in=ids)

    def load(self, pk: int) -> Any:
        """One of them to be changed."""
        return self.rows().select_for_update(no_key=True).get(pk=pk)

    def make(self, name: str, identity: UUID) -> Any:
        """A new one. It gets its name when it is stored, since no two have the same."""
        made = Segment.objects.create(name=str(identity), changed_at=clock.now())
        made.name = name
        return made

    def read(self, node: Node, by: Reading) -> dict[str, Any]:
        """What a document holds; one without a condition is refused."""
        raw = super().read(node, by)
        written = node.value.get("condition") if isinstance(node.value, dict) else None
        if raw and is_empty(written.plain if written else None):
            by.refuse(written.line if written else node.line, _("“condition” is missing: it says who belongs to it."))
        return raw

    def schema(self) -> Schema:
        """The same, with a condition for certain."""
        return super().schema() | {"required": ["name", "condition"]}

    def store(self, thing: Any, *, is_new: bool, by: AbstractBaseUser | None) -> None:
        """Keep it; the workers fill it. Raises BadSegment and ConditionError."""
        try:
            saved = save_segment(
                thing.name, thing.condition, segment=Segment(pk=thing.pk), description=thing.description
            )
        except BadSegment as error:
            if is_new and error.field == "name":
                text = _("%(problem)s To change that one, remove the line with the id.") % {"problem": error}
                raise BadSegment(text, error.field) from error
            raise
        log(instance=saved, action=f"contacts.{'add' if is_new else 'change'}_segment", user=by, title=saved.name)
