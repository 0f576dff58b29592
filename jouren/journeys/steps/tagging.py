"""Steps that put a tag on a person, or take it off."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from jouren.contacts.errors import BadValue
from jouren.contacts.policies import MAX_TAG_LENGTH, clean_tag
from jouren.journeys.program import Decision, Facts, Go, Program, Step
from jouren.journeys.steps.base import Binder, Compiler, Inner, Raw, StepKind


@dataclass(frozen=True, slots=True)
class AddTag(Step):
    """Put the tag on the person, if it is not there."""

    tag: str
    next: str | None
    changes_facts: ClassVar[bool] = True
    is_alike: ClassVar[bool] = True

    def decide(self, program: Program, facts: Facts, now: datetime) -> Decision:
        return Go(self.next, self)


@dataclass(frozen=True, slots=True)
class RemoveTag(Step):
    """Take the tag off the person, if it is there."""

    tag: str
    next: str | None
    changes_facts: ClassVar[bool] = True
    is_alike: ClassVar[bool] = True

    def decide(self, program: Program, facts: Facts, now: datetime) -> Decision:
        return Go(self.next, self)


class AddTagKind(StepKind):
    """``add_tag`` [tag]."""

    name = "add_tag"
    effect: type[Step] | None = AddTag

    def block(self, inner: Inner) -> blocks.Block:
        return AddTagBlock()

    def compile(self, value: Any, following: str | None, compiler: Compiler) -> dict[str, Any]:
        return {"tag": _cleaned(value, compiler)}

    def load(self, step_id: str, raw: Raw, binder: Binder) -> Step:
        return AddTag(step_id, raw["tag"], raw["next"])

    def describe(self, raw: Raw) -> str:
        return gettext("The tag “%(tag)s” is added") % {"tag": raw["tag"]}

    def effect_text(self, step: AddTag) -> str:
        return gettext("The tag “%(tag)s” is added") % {"tag": step.tag}


class RemoveTagKind(StepKind):
    """``remove_tag`` [tag]."""

    name = "remove_tag"
    effect = RemoveTag

    def block(self, inner: Inner) -> blocks.Block:
        return RemoveTagBlock()

    def compile(self, value: Any, following: str | None, compiler: Compiler) -> dict[str, Any]:
        return {"tag": _cleaned(value, compiler)}

    def load(self, step_id: str, raw: Raw, binder: Binder) -> Step:
        return RemoveTag(step_id, raw["tag"], raw["next"])

    def describe(self, raw: Raw) -> str:
        return gettext("The tag “%(tag)s” is taken off") % {"tag": raw["tag"]}

    def effect_text(self, step: RemoveTag) -> str:
        return gettext("The tag “%(tag)s” is taken off") % {"tag": step.tag}


def _tag_block() -> blocks.CharBlock:
    return blocks.CharBlock(max_length=MAX_TAG_LENGTH, label=_("tag"), help_text=_("A new one needs no preparation."))


class AddTagBlock(blocks.StructBlock):
    """Put a tag on."""

    tag = _tag_block()

    class Meta:
        icon = "tag"
        label = _("Add a tag")


class RemoveTagBlock(blocks.StructBlock):
    """Take a tag off."""

    tag = _tag_block()

    class Meta:
        icon = "cross"
        label = _("Take a tag off")


def _cleaned(value: Any, compiler: Compiler) -> str:
    try:
        return clean_tag(value["tag"] or "")
    except BadValue as error:
        raise compiler.refuse(str(error)) from error
