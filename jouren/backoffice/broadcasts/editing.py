"""The editor of a broadcast, in steps, each a page that is saved on its own; and the page that asks once more."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import datetime
from functools import cached_property
from typing import Any, ClassVar

from django import forms
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from wagtail.admin import messages as notes

from jouren.backoffice.broadcasts.forms import MoreForm, WhatForm, WhenForm, WhomForm, messages_to_send
from jouren.backoffice.broadcasts.wording import audience_text, reason_lines, timing_text, trial_text
from jouren.backoffice.policy.wording import moment_text
from jouren.backoffice.screens import Screen
from jouren.broadcasts.actions import change_broadcast, start_broadcast
from jouren.broadcasts.checking import find_problems
from jouren.broadcasts.errors import InvalidBroadcast
from jouren.broadcasts.forecast import Forecast, forecast
from jouren.broadcasts.models import Broadcast
from jouren.broadcasts.occurrences import first_occurrence
from jouren.broadcasts.vocabulary import Timing
from jouren.conditions.errors import ConditionError, TooManyToCount
from jouren.conditions.queries import briefly
from jouren.core import clock
from jouren.core.errors import UserError

STEPS = (
    ("what", pgettext_lazy("step of a broadcast", "What")),
    ("whom", gettext_lazy("To whom")),
    ("when", gettext_lazy("When")),
    ("more", gettext_lazy("Test and more")),
    ("confirm", gettext_lazy("Check and send")),
)


class _Step(Screen):
    """One page of the editor. What is no draft any more is shown instead."""

    permissions = ("broadcasts.view_broadcast", "broadcasts.change_broadcast")
    header_icon = "megaphone"
    parents = (("broadcasts:list", gettext_lazy("Broadcasts")),)
    step: ClassVar[str]

    @cached_property
    def broadcast(self) -> Broadcast:
        """The draft."""
        return get_object_or_404(Broadcast, pk=self.kwargs["pk"])

    def get_page_title(self) -> str:
        return self.broadcast.name

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not self.broadcast.is_open:
            return redirect("broadcasts:show", self.broadcast.pk)
        return super().get(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        problems = find_problems(self.broadcast, clock.now())
        wrong = {problem.step for problem in problems}
        steps = [
            {
                "name": name,
                "label": label,
                "url": reverse(f"broadcasts:{name}", args=[self.broadcast.pk]),
                "is_here": name == self.step,
                "is_wrong": name in wrong,
            }
            for name, label in STEPS
        ]
        context = {"broadcast": self.broadcast, "steps": steps, "problems": problems}
        return {**super().get_context_data(**kwargs), **context, **kwargs}


class _FormStep(_Step, ABC):
    form_class: ClassVar[type[forms.Form]]
    following: ClassVar[str]

    def form(self, *args: Any, **kwargs: Any) -> forms.Form:
        """The step's form."""
        return self.form_class(*args, **kwargs)

    @abstractmethod
    def initial(self) -> dict[str, Any]:
        """What the form shows of the draft."""

    def values(self, form: Any) -> dict[str, Any]:
        """What :func:`change_broadcast` takes."""
        return dict(form.cleaned_data)

    def post(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """Keep what was filled in and go on, or show what does not fit."""
        form = self.form(request.POST)
        if not form.is_valid():
            return self.render_to_response(self.get_context_data(form=form))
        try:
            change_broadcast(pk, by=self.staff, **self.values(form))
        except UserError as error:
            notes.error(request, str(error))
            return redirect("broadcasts:show", pk)
        following = self.step if "stay" in request.POST else self.following
        return redirect(f"broadcasts:{following}", pk)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        if "form" not in kwargs:
            kwargs["form"] = self.form(initial=self.initial())
        return super().get_context_data(**kwargs)


class WhatScreen(_FormStep):
    """What it says: one message, or up to four versions."""

    template_name = "backoffice/broadcasts/what.html"
    step, following = "what", "whom"
    form_class = WhatForm

    def form(self, *args: Any, **kwargs: Any) -> forms.Form:
        chosen = self.broadcast.variants.values_list("message_id", flat=True)
        return WhatForm(*args, chosen=list(chosen), **kwargs)

    def initial(self) -> dict[str, Any]:
        return WhatForm.initial_of(self.broadcast)

    def values(self, form: Any) -> dict[str, Any]:
        return {"name": form.cleaned_data["name"], "variants": form.wordings()}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        return {**context, "has_messages": messages_to_send().exists(), "has_test": _has_test(self.broadcast)}


class WhomScreen(_FormStep):
    """Whom it goes to."""

    template_name = "backoffice/broadcasts/whom.html"
    step, following = "whom", "when"
    form_class = WhomForm

    def initial(self) -> dict[str, Any]:
        return {"audience": self.broadcast.audience}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        return {**context, "reach": _forecast(self.broadcast, clock.now()), "topic": _topic(self.broadcast)}


class WhenScreen(_FormStep):
    """When it goes, and how fast."""

    template_name = "backoffice/broadcasts/when.html"
    step, following = "when", "more"
    form_class = WhenForm

    def initial(self) -> dict[str, Any]:
        return WhenForm.initial_of(self.broadcast)


class MoreScreen(_FormStep):
    """The test, the second sending, the archive."""

    template_name = "backoffice/broadcasts/more.html"
    step, following = "more", "confirm"
    form_class = MoreForm

    def initial(self) -> dict[str, Any]:
        return MoreForm.initial_of(self.broadcast)

    def values(self, form: Any) -> dict[str, Any]:
        values: dict[str, Any] = form.values()
        return values

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        return {**context, "has_test": _has_test(self.broadcast)}


class ConfirmScreen(_Step):
    """All of it once more, with whom it would reach now and whom not; then it goes."""

    template_name = "backoffice/broadcasts/confirm.html"
    step = "confirm"

    def post(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """Send it, or let it wait for its time."""
        if not request.user.has_perm("broadcasts.send_broadcast"):
            notes.error(request, _("You may prepare broadcasts, but not send them. Ask a colleague who may."))
            return redirect("broadcasts:confirm", pk)
        try:
            broadcast = start_broadcast(self.broadcast.pk, by=self.staff)
        except InvalidBroadcast:
            return redirect("broadcasts:confirm", pk)
        except UserError as error:
            notes.error(request, str(error))
            return redirect("broadcasts:show", pk)
        assert broadcast.next_at is not None
        text = (
            _("It is being sent.")
            if broadcast.timing == Timing.NOW
            else _("It goes out on %(moment)s.") % {"moment": moment_text(broadcast.next_at)}
        )
        notes.success(request, text)
        return redirect("broadcasts:show", pk)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        now = clock.now()
        context = super().get_context_data(**kwargs)
        first = first_occurrence(self.broadcast, now)
        seen = _forecast(self.broadcast, first.at if first is not None and first.at > now else now)
        variants = list(self.broadcast.variants.select_related("message"))
        return {
            **context,
            "variants": variants,
            "audience_text": audience_text(self.broadcast),
            "timing_text": timing_text(self.broadcast, first.at if first is not None else None),
            "trial_text": trial_text(self.broadcast, len(variants)),
            "topic": _topic(self.broadcast),
            "forecast": seen,
            "refused": reason_lines(seen.refused) if seen else [],
            "deferred": reason_lines(seen.deferred) if seen else [],
            "may_send": self.request.user.has_perm("broadcasts.send_broadcast"),
        }


def _has_test(broadcast: Broadcast) -> bool:
    return broadcast.variants.count() > 1


def _topic(broadcast: Broadcast) -> str:
    first = broadcast.variants.select_related("message__topic").first()
    return str(first.message.topic) if first is not None and first.message.topic else ""


def _forecast(broadcast: Broadcast, due_at: datetime) -> Forecast | None:
    """None while it cannot be told: no message is chosen, the condition is unfinished, or there are too many."""
    try:
        with briefly():
            return forecast(broadcast, clock.now(), due_at)
    except (ConditionError, TooManyToCount):
        return None
