"""What kinds of files share: which fields of a thing stand in one, and how the thing becomes what the file says."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import QuerySet
from django.db.models.expressions import DatabaseDefault
from django.utils.functional import Promise
from django.utils.text import slugify
from django.utils.translation import gettext as _
from wagtail.fields import StreamField
from wagtail.log_actions import log

from jouren.files.codecs import Codec, Reading, Writing, codec_of_field
from jouren.files.codecs.base import Schema, is_empty, is_mapping
from jouren.files.codecs.blocks import STEPS
from jouren.files.codecs.conditions import CONDITION
from jouren.files.documents import Node

FORMAT = 1
_OWN = ("format", "id")
_STEM_LENGTH = 60


@dataclass(frozen=True)
class Kind:
    """A kind of file. ``steps`` is the field whose blocks people stand at.

    What is here is that of things with drafts, as Wagtail keeps them; kinds without say otherwise.
    """

    name: str
    folder: str
    model: Any
    label: str | Promise
    steps: str = ""
    has_drafts = True
    """Whether something unfinished may be stored; else it must be whole, and counts from then on."""

    def rows(self) -> QuerySet[Any]:
        """Everything of this kind that is here."""
        rows: QuerySet[Any] = self.model.objects.order_by("pk")
        return rows

    def drafts(self, ids: Collection[int] | None) -> Iterable[Any]:
        """These things (None: all) as their authors have left them."""
        rows = self.rows().select_related("latest_revision")
        for row in rows if ids is None else rows.filter(pk__in=ids):
            yield row.get_latest_revision_as_object()

    def load(self, pk: int) -> Any:
        """One of them to be changed: nobody else changes it until the transaction ends."""
        row = self.rows().select_for_update(of=("self",)).select_related("latest_revision").get(pk=pk)
        return row.get_latest_revision_as_object()

    def make(self, name: str, identity: UUID) -> Any:
        """A new one, empty, that nobody sees yet."""
        made = self.model(name=name, live=False)
        made.save()
        return made

    def store(self, thing: Any, *, is_new: bool, by: AbstractBaseUser | None) -> None:
        """Keep what was filled in. Raises UserError; ``field``, where it has one, says which part is wrong."""
        if not thing.live:  # as the editor does: what nobody sees yet is the draft itself
            thing.save()
        revision = thing.save_revision(user=by, clean=False)
        action = "wagtail.create" if is_new else "wagtail.edit"
        log(instance=thing, action=action, user=by, revision=revision, content_changed=True)

    @cached_property
    def fields(self) -> dict[str, tuple[Any, Codec]]:
        """What an author writes, by field: all that the model itself has, without what Wagtail adds to it."""
        bases = [base for base in self.model.__mro__ if getattr(getattr(base, "_meta", None), "abstract", False)]
        foreign = {field.name for base in bases for field in base._meta.fields}
        return {
            field.name: (field, self.codec(field))
            for field in self.model._meta.concrete_fields
            if field.editable and not field.primary_key and field.name not in foreign
        }

    def codec(self, field: Any) -> Codec:
        """How one of its fields stands in a file."""
        return codec_of_field(field, has_ids=field.name == self.steps)

    def stem(self, name: str) -> str:
        """The name of the file of something called ``name``: letters, digits, “-” and “_” only."""
        return slugify(name, allow_unicode=True)[:_STEM_LENGTH].strip("-_") or self.name

    def write(self, thing: Any, identity: Any, to: Writing) -> dict[str, Any]:
        """The document of a draft."""
        plain: dict[str, Any] = {"format": FORMAT, "id": str(identity)}
        for name, (field, codec) in self.fields.items():
            value = codec.write(_stored(field, thing), to)
            if not (is_empty(value) and is_empty(codec.write(_default(field), to))):
                plain[name] = value
        return plain

    def read(self, node: Node, by: Reading) -> dict[str, Any]:
        """What a document holds, by field; faults are noted."""
        if not is_mapping(node, by):
            return {}
        for key in node.value:
            if key not in self.fields and key not in _OWN:
                by.unknown(node.lines[key], key, [*_OWN, *self.fields], _("“%(word)s” is not known here."))
        if (version := node.value.get("format")) is not None and version.value != FORMAT:
            text = _("This file is of format %(format)s; this version of Jouren reads format %(ours)s.")
            by.refuse(version.line, text % {"format": version.text[:20], "ours": FORMAT})
        raw = {}
        for name, (field, codec) in self.fields.items():
            part = node.value.get(name)
            raw[name] = _default(field) if part is None else codec.read(part, by, name)
            if not field.blank and is_empty(part.plain if part else raw[name]):
                line, text = part.line if part else node.line, _("“%(key)s” (%(label)s) is missing.")
                tell = by.refuse if name == "name" or not self.has_drafts else by.miss
                tell(line, text % {"key": name, "label": field.verbose_name})
        return raw

    def fill(self, thing: Any, raw: dict[str, Any]) -> None:
        """Put what was read into a draft."""
        for name, (field, _codec) in self.fields.items():
            value = raw[name]
            if isinstance(field, StreamField):
                value = field.stream_block.to_python(value or [])
            elif value is None and not field.null:
                value = _default(field) if field.choices and not field.blank else ""
            setattr(thing, field.attname, value)

    def schema(self) -> Schema:
        """The JSON Schema of its files."""
        properties: Schema = {
            "format": {"const": FORMAT},
            "id": {"type": "string", "format": "uuid"},
        }
        for name, (field, codec) in self.fields.items():
            properties[name] = {"description": str(field.verbose_name)} | codec.schema()
        defs: Schema = {"condition": CONDITION}
        if self.steps:
            defs["steps"] = properties[self.steps]
            properties[self.steps] = {"$ref": STEPS}
        return {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": str(self.label),
            "type": "object",
            "properties": properties,
            "required": ["name"],
            "additionalProperties": False,
            "$defs": defs,
        }


def _default(field: Any) -> Any:
    default = field.get_default()
    return field.db_default if isinstance(default, DatabaseDefault) else default


def _stored(field: Any, thing: Any) -> Any:
    value = field.value_from_object(thing)
    return field.stream_block.get_prep_value(value) if isinstance(field, StreamField) else value
