"""The step that tells a system of the shop's own that somebody has come here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from jouren.journeys.program import Decision, Facts, Go, Program, Step
from jouren.journeys.steps.base import Binder, Compiler, Inner, Raw, StepKind
from jouren.webhooks.models import Endpoint
from jouren.webhooks.queries import endpoint_choices
from jouren.webhooks.telling import field_choices, unknown_fields


@dataclass(frozen=True, slots=True)
class CallWebhook(Step):
    """Call a webhook, once, with these fields of the person. Nobody waits for the answer."""

    endpoint: int
    name: str
    fields: tuple[str, ...]
    next: str | None
    is_alike: ClassVar[bool] = True

    def decide(self, program: Program, facts: Facts, now: datetime) -> Decision:
        return Go(self.next, self)


class WebhookKind(StepKind):
    """``webhook`` [endpoint, name, fields]"""

    name = "webhook"
    effect = CallWebhook

    def block(self, inner: Inner) -> blocks.Block:
        return WebhookBlock()

    def compile(self, value: Any, following: str | None, compiler: Compiler) -> dict[str, Any]:
        chosen = value["endpoint"] or ""
        if not (chosen.isdigit() and Endpoint.objects.filter(pk=int(chosen)).exists()):
            raise compiler.refuse(gettext("A step tells a system that is not there. Choose one."))
        fields = sorted(value["fields"] or ())
        if unknown := unknown_fields(fields):
            raise compiler.refuse(gettext("A webhook cannot tell “%(field)s”.") % {"field": unknown[0][:60]})
        return {"endpoint": int(chosen), "name": value["name"] or "", "fields": fields}

    def load(self, step_id: str, raw: Raw, binder: Binder) -> Step:
        return CallWebhook(step_id, raw["endpoint"], raw["name"], tuple(raw["fields"]), raw["next"])

    def describe(self, raw: Raw) -> str:
        return _calling(raw["endpoint"], raw["name"])

    def effect_text(self, step: CallWebhook) -> str:
        return _calling(step.endpoint, step.name)


def _calling(endpoint_id: int, name: str) -> str:
    endpoint = Endpoint.objects.filter(pk=endpoint_id).first()
    names = {"webhook": endpoint.name if endpoint else "?", "name": name}
    if name:
        return gettext("“%(webhook)s” is told (%(name)s)") % names
    return gettext("“%(webhook)s” is told") % names


class WebhookBlock(blocks.StructBlock):
    """Tell a system of yours."""

    endpoint = blocks.ChoiceBlock(
        choices=endpoint_choices,
        refers_to="webhooks.Endpoint",
        label=_("webhook"),
        help_text=_("The system that is told. You add systems under Operations, Tell other systems."),
    )
    name = blocks.CharBlock(
        required=False,
        max_length=100,
        label=_("what for"),
        help_text=_("Told to the system with the call, so that it knows what to do. For example: send samples."),
    )
    fields = blocks.MultipleChoiceBlock(
        choices=field_choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label=_("what of the person it is told"),
        help_text=_("Choose only what it needs. Without any it gets the person's public id alone."),
    )

    class Meta:
        icon = "link-external"
        label = _("Tell another system")
