"""Publishing shows first what it would do to the people inside, and what its author may not have meant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail import hooks
from wagtail.admin import messages
from wagtail.models import Revision
from wagtail.snippets.views.snippets import CreateView, EditView

from jouren.backoffice.journeys.screens import JourneyScreen
from jouren.backoffice.journeys.telling import tell_changes, tell_impact
from jouren.core.errors import UserError
from jouren.journeys.actions import stands_still
from jouren.journeys.checking import checked_program, notes_of
from jouren.journeys.compiler import JourneyProblem
from jouren.journeys.hint_wording import HintText
from jouren.journeys.history import people_on_versions
from jouren.journeys.impact import impact_of
from jouren.journeys.models import Inside, Journey, JourneyVersion, Pause, PublishChoice
from jouren.journeys.policies import fingerprint


@dataclass(frozen=True)
class Draft:
    """A revision that is to be published, beside the version that it follows."""

    journey: Journey
    compiled: dict[str, Any]
    hints: list[HintText]
    former: JourneyVersion | None
    people: dict[int, int]

    @classmethod
    def of(cls, journey: Journey, revision: Revision) -> Draft:
        """Raises JourneyProblem when it cannot run."""
        written = revision.as_object()
        compiled = checked_program(written)
        former = journey.versions.order_by("-number").first()
        return cls(journey, compiled, notes_of(written, compiled), former, dict(people_on_versions(journey)))

    @property
    def has_news(self) -> bool:
        """Whether publishing makes a version that differs from the one before, or lets people go on."""
        return self.former is None or not self.former.live or self.former.hash != fingerprint(self.compiled)

    @property
    def wants_a_look(self) -> bool:
        """Whether there is something to decide or to read before it is published."""
        return bool(self.hints) or (self.has_news and bool(self.people))


class ShowsFirst:
    """For Wagtail's editor: “Publish” saves the draft, and leads to a screen where it can be published."""

    def publish_action(self) -> HttpResponse | None:
        journey, revision = Journey.objects.get(pk=self.object.pk), self.new_revision  # type: ignore[attr-defined]
        if not self.expects_json_response and Draft.of(journey, revision).wants_a_look:  # type: ignore[attr-defined]
            return redirect("journeys:publish", journey.pk, revision.pk)
        return super().publish_action()  # type: ignore[misc, no-any-return]


class JourneyCreateView(ShowsFirst, CreateView):
    """A new journey."""


class JourneyEditView(ShowsFirst, EditView):
    """The editor; also of a revision that is to be the draft again."""


class PublishScreen(JourneyScreen):
    """What publishing a revision would do, and what becomes of the people inside."""

    permissions = ("journeys.publish_journey",)
    template_name = "backoffice/journeys/publish.html"
    page_title = gettext_lazy("Before you publish")
    header_icon = "upload"

    @cached_property
    def revision(self) -> Revision:
        """The revision that is to be published."""
        return get_object_or_404(self.journey.revisions, pk=self.kwargs["revision_id"])

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return super().get(request, *args, **kwargs)
        except JourneyProblem as problem:
            return self._back_to_the_editor(problem)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Publish it, in the way chosen."""
        try:
            draft = Draft.of(self.journey, self.revision)
            if request.POST.get("seen") == fingerprint(draft.compiled):
                return self._publish()
        except JourneyProblem as problem:
            return self._back_to_the_editor(problem)
        messages.warning(request, _("The draft was changed meanwhile. Look at it again before you publish."))
        return self.get(request, *args, **kwargs)

    def _publish(self) -> HttpResponse:
        chosen = self.request.POST.get("inside", "")
        inside = Inside(chosen) if chosen in Inside.values else Inside.MOVE
        if (answer := self._run_hooks("before_publish")) is not None:
            return answer
        PublishChoice.objects.update_or_create(revision=self.revision, defaults={"inside": inside})
        self.revision.publish(user=self.request.user)
        if (answer := self._run_hooks("after_publish")) is not None:
            return answer
        if self.is_scheduled:
            messages.success(self.request, _("It will be published at the time you set."))
        else:
            messages.success(self.request, _("“%(journey)s” is published.") % {"journey": self.journey})
        return redirect("journeys:inspect", self.journey.pk)

    def _run_hooks(self, name: str) -> HttpResponse | None:
        for hook in hooks.get_hooks(name):
            answer = hook(self.request, self.revision.as_object())
            if isinstance(answer, HttpResponse):
                return answer
        return None

    def _back_to_the_editor(self, problem: UserError) -> HttpResponse:
        messages.error(self.request, _("It cannot be published as it stands: %(problem)s") % {"problem": problem})
        return redirect("journeys:edit", self.journey.pk)

    @property
    def is_scheduled(self) -> bool:
        """Whether it goes live later, at a time its author has set."""
        go_live_at = self.revision.as_object().go_live_at
        return bool(go_live_at and go_live_at > timezone.now())

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        draft = Draft.of(self.journey, self.revision)
        return {
            **super().get_context_data(**kwargs),
            "hints": draft.hints,
            "seen": fingerprint(draft.compiled),
            "go_live_at": self.revision.as_object().go_live_at if self.is_scheduled else None,
            "is_paused": Pause.objects.filter(journey=self.journey, resumed_at=None).exists(),
            "edit_url": reverse("journeys:edit", args=[self.journey.pk]),
            **self._impact(draft),
        }

    def _impact(self, draft: Draft) -> dict[str, Any]:
        former = draft.former
        if former is None:
            return {"former": None, "choices": []}
        others = list(JourneyVersion.objects.filter(pk__in=draft.people).exclude(pk=former.pk).order_by("-number"))
        goes_on = stands_still(self.journey) and not former.live
        impact = impact_of(self.journey, draft.compiled, [former], goes_on=goes_on)
        everybody = impact_of(self.journey, draft.compiled, others, goes_on=goes_on) if others else None
        chosen = PublishChoice.objects.filter(revision=self.revision).values_list("inside", flat=True).first()
        return {
            "former": former,
            "changes": tell_changes(impact, former.compiled, draft.compiled),
            "people": draft.people.get(former.pk, 0),
            "lines": tell_impact(impact, [former], draft.compiled, shows_people=self.shows_people),
            "others": [(version, draft.people[version.pk]) for version in others],
            "other_people": sum(draft.people[version.pk] for version in others),
            "other_lines": tell_impact(everybody, others, draft.compiled) if everybody else [],
            "goes_on": goes_on,
            "has_news": draft.has_news,
            "chosen": chosen or Inside.MOVE,
        }
