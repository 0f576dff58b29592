"""The step that tells a colleague of somebody who has come here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from jouren.core.wording import listed
from jouren.journeys.program import Decision, Facts, Go, Program, Step
from jouren.journeys.steps.base import Binder, Compiler, Inner, Raw, StepKind
from jouren.team.actions import colleague_names
from jouren.team.queries import colleague_choices, colleagues
from jouren.team.texts import MAX_TEXT_LENGTH, BadText, check_text


@dataclass(frozen=True, slots=True)
class TellColleagues(Step):
    """Put the person on colleagues' lists, and mail it to them."""

    users: tuple[int, ...]
    text: str
    next: str | None
    is_alike: ClassVar[bool] = True

    def decide(self, program: Program, facts: Facts, now: datetime) -> Decision:
        return Go(self.next, self)


class ColleagueKind(StepKind):
    """``colleague`` [users, text]"""

    name = "colleague"
    effect = TellColleagues

    def block(self, inner: Inner) -> blocks.Block:
        return ColleagueBlock()

    def compile(self, value: Any, following: str | None, compiler: Compiler) -> dict[str, Any]:
        chosen = sorted({int(user) for user in value["users"] or () if str(user).isdigit()})
        known = set(colleagues().filter(pk__in=chosen).values_list("pk", flat=True))
        if not chosen or known != set(chosen):
            raise compiler.refuse(
                gettext("Choose colleagues who are to be told; each must be here still, and may see customers.")
            )
        try:
            return {"users": chosen, "text": check_text(value["text"])}
        except BadText as error:
            raise compiler.refuse(str(error)) from error

    def load(self, step_id: str, raw: Raw, binder: Binder) -> Step:
        return TellColleagues(step_id, tuple(raw["users"]), raw["text"], raw["next"])

    def describe(self, raw: Raw) -> str:
        return gettext("Tell %(who)s") % {"who": _who(raw["users"])}

    def effect_text(self, step: TellColleagues) -> str:
        return gettext("%(who)s is told: %(text)s") % {"who": _who(step.users), "text": step.text}


def _who(users: Any) -> str:
    return listed(colleague_names(users).values()) or "?"


class ColleagueBlock(blocks.StructBlock):
    """Tell somebody of the shop."""

    users = blocks.MultipleChoiceBlock(
        choices=colleague_choices, refers_to="auth.User", widget=forms.CheckboxSelectMultiple, label=_("who is told")
    )
    text = blocks.TextBlock(
        max_length=MAX_TEXT_LENGTH,
        rows=3,
        label=_("why, and what to do"),
        help_text=_("For example: {{ contact.name }} has looked at the offer three times. Please call."),
    )

    class Meta:
        icon = "user"
        label = _("Tell a colleague")
        help_text = _("It stands on their first screen, and goes to them by mail, at most once an hour.")
