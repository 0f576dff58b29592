"""The step that sends a message."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from wagtail import blocks
from wagtail.snippets.blocks import SnippetChooserBlock

from jouren.journeys.decide import leaves
from jouren.journeys.program import Decision, Facts, Go, Leave, Program, Step
from jouren.journeys.steps.base import Binder, Compiler, Inner, Raw, StepKind
from jouren.messaging.models import Message, MessageVersion


@dataclass(frozen=True, slots=True)
class Send(Step):
    """Hand one message to messaging. ``names_order``: it goes only where the walk is about an order."""

    message_version: int
    channel: str
    next: str | None
    names_order: bool = field(default=False, kw_only=True)
    tells: ClassVar[bool] = True
    is_alike: ClassVar[bool] = True

    def decide(self, program: Program, facts: Facts, now: datetime) -> Decision:
        # Asked again before every message: nobody gets an offer for what they have just bought.
        reason = leaves(program, facts, now)
        return Leave(reason) if reason else Go(self.next, self)


class SendKind(StepKind):
    """``send`` [message_version, message, names_order (may be missing), channel]"""

    name = "send"
    effect = Send

    def block(self, inner: Inner) -> blocks.Block:
        return SendBlock()

    def compile(self, value: Any, following: str | None, compiler: Compiler) -> dict[str, Any]:
        return {**compiler.message(value["message"]), "channel": "email"}

    def load(self, step_id: str, raw: Raw, binder: Binder) -> Step:
        names_order = raw.get("names_order", False)
        return Send(step_id, raw["message_version"], raw["channel"], raw["next"], names_order=names_order)

    def describe(self, raw: Raw) -> str:
        return gettext("Send “%(message)s”") % {"message": message_name(raw["message_version"])}

    def effect_text(self, step: Send) -> str:
        return gettext("Gets “%(message)s”") % {"message": message_name(step.message_version)}


class SendBlock(blocks.StructBlock):
    """Send a message."""

    message = SnippetChooserBlock("messaging.Message", label=_("message"))

    class Meta:
        icon = "mail"
        label = _("Send")


def message_name(version_id: int) -> str:
    """What a message version is called."""
    return message_names([version_id]).get(version_id, "?")


def message_names(version_ids: Iterable[int]) -> dict[int, str]:
    """What message versions are called, by id: those that there are. An id below zero is that of a message's draft."""
    ids = set(version_ids)
    names = dict(MessageVersion.objects.filter(pk__in=ids).values_list("pk", "name"))
    drafts = {-each for each in ids if each < 0}
    if drafts:
        names |= {-pk: name for pk, name in Message.objects.filter(pk__in=drafts).values_list("pk", "name")}
    return names
