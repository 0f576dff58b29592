"""Webhooks: what is called, whether it works, and what could not be told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from jouren.backoffice.screens import Act, MakingScreen
from jouren.backoffice.webhooks.forms import ChangeForm, WebhookForm
from jouren.contacts.models import Contact
from jouren.core.errors import UserError
from jouren.webhooks.actions import (
    MOST_SECRETS,
    add_secret,
    change_webhook,
    drop_calls,
    end_secret,
    make_webhook,
    retry_calls,
    try_webhook,
)
from jouren.webhooks.models import Call, CallState, Endpoint, Secret
from jouren.webhooks.queries import Standing, failing_calls, standings
from jouren.webhooks.wording import error_text

PAGE = 50


@dataclass(frozen=True)
class CallLine:
    """A call in words. ``person`` is None for a try, and for somebody who was erased."""

    call: Call
    person: Contact | None
    state: str
    why: str

    @property
    def is_given_up(self) -> bool:
        """Whether nobody tries it any more."""
        return self.call.state == CallState.FAILED

    @property
    def may_be_retried(self) -> bool:
        """Whether making it again now changes anything."""
        failed = self.call.state == CallState.FAILED
        return self.call.endpoint.is_on and (
            failed or (self.call.state == CallState.WAITING and self.call.attempts > 0)
        )


def call_lines(calls: Iterable[Call]) -> list[CallLine]:
    """Calls with their people, in one query."""
    listed = list(calls)
    people = Contact.objects.filter(erased_at=None).in_bulk([call.contact_id for call in listed if call.contact_id])
    return [
        CallLine(
            call,
            people.get(call.contact_id) if call.contact_id else None,
            str(CallState(call.state).label),
            error_text(call.error) if call.error else "",
        )
        for call in listed
    ]


class _WebhookScreen(MakingScreen):
    """What all of these screens ask and tell."""

    permissions = ("webhooks.view_endpoint",)
    header_icon = "link-external"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        may = {f"may_{verb}": self.request.user.has_perm(f"webhooks.{verb}_endpoint") for verb in ("add", "change")}
        seen = {
            "may_retry": self.request.user.has_perms(Retry.permissions),
            "may_see_people": self.request.user.has_perm("contacts.view_contact"),
        }
        return {**super().get_context_data(**kwargs), **may, **seen, **kwargs}


class WebhooksScreen(_WebhookScreen):
    """All webhooks, and the calls that could not be made."""

    making = "webhooks.add_endpoint"
    template_name = "backoffice/webhooks/list.html"
    page_title = gettext_lazy("Tell other systems")

    def post(self, request: HttpRequest) -> HttpResponse:
        """Make a webhook."""
        form = WebhookForm(request.POST)
        if not form.is_valid():
            return self.show(form=form)
        endpoint, secret = make_webhook(form.cleaned_data["name"], form.cleaned_data["url"], by=self.staff)
        return self.show(made=endpoint, new_secret=secret)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        standing = standings()
        rows = [
            {"webhook": endpoint, "host": urlsplit(endpoint.url).hostname, "standing": standing[endpoint.pk]}
            for endpoint in Endpoint.objects.order_by("-is_on", "name", "id")[:200]
        ]
        failing = failing_calls(PAGE + 1)
        context = {
            "rows": rows,
            "calls": call_lines(failing[:PAGE]),
            "has_more": len(failing) > PAGE,
            "form": WebhookForm(),
        }
        return super().get_context_data(**{**context, **kwargs})


class WebhookScreen(_WebhookScreen):
    """One webhook: its secrets, its last calls. A POST makes a further secret."""

    making = "webhooks.change_endpoint"
    template_name = "backoffice/webhooks/webhook.html"
    parents = (("webhooks:list", gettext_lazy("Tell other systems")),)

    @cached_property
    def endpoint(self) -> Endpoint:
        """The webhook that is shown."""
        return get_object_or_404(Endpoint, pk=self.kwargs["pk"])

    def get_page_title(self) -> str:
        return self.endpoint.name

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Make a secret."""
        try:
            return self.show(new_secret=add_secret(self.endpoint.pk, by=self.staff))
        except UserError as error:
            return self.show(problem=str(error))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        endpoint = self.endpoint
        secrets = list(endpoint.secrets.filter(ended_at=None))
        calls = endpoint.calls.select_related("endpoint").order_by("-id")[:PAGE]
        context = {
            "webhook": endpoint,
            "host": urlsplit(endpoint.url).hostname,
            "standing": standings().get(endpoint.pk, Standing()),
            "secrets": secrets,
            "may_add_secret": len(secrets) < MOST_SECRETS,
            "form": ChangeForm(initial={"name": endpoint.name, "url": endpoint.url, "is_on": endpoint.is_on}),
            "calls": call_lines(calls),
        }
        return super().get_context_data(**{**context, **kwargs})


class _WebhookAct(Act):
    permissions = ("webhooks.change_endpoint",)

    def back(self) -> str:
        return reverse("webhooks:webhook", args=[self.kwargs["pk"]])


class Change(_WebhookAct):
    """Another name or address, on or off."""

    def act(self) -> str:
        endpoint = get_object_or_404(Endpoint, pk=self.kwargs["pk"])
        form = ChangeForm(self.request.POST)
        if not form.is_valid():
            raise UserError(" ".join(str(message) for errors in form.errors.values() for message in errors))
        change_webhook(endpoint.pk, **form.values(), by=self.staff)
        return _("The webhook “%(name)s” is saved.") % {"name": form.cleaned_data["name"]}


class Try(_WebhookAct):
    """Call it once, about nobody."""

    def act(self) -> str:
        endpoint = get_object_or_404(Endpoint, pk=self.kwargs["pk"])
        try_webhook(endpoint.pk)
        return _("“%(name)s” is being called. What it answers stands below in a moment.") % {"name": endpoint.name}


class EndSecret(_WebhookAct):
    """Sign with one of two secrets no longer."""

    @cached_property
    def secret(self) -> Secret:
        """The secret that ends."""
        return get_object_or_404(Secret, pk=self.kwargs["secret_id"])

    def act(self) -> str:
        end_secret(self.secret.pk, by=self.staff)
        return _("Calls are signed with the other secret alone from now on.")

    def back(self) -> str:
        return reverse("webhooks:webhook", args=[self.secret.endpoint_id])


class _RetryAct(Act):
    permissions = ("webhooks.change_call",)

    def back(self) -> str:
        return reverse("webhooks:list")

    def retry(self, ids: Iterable[int]) -> str:
        """Make these calls again."""
        count = retry_calls(ids)
        if not count:
            raise UserError(_("There is nothing to try again: it was made, or the webhook is switched off."))
        return ngettext("%(count)s call is tried again.", "%(count)s calls are tried again.", count) % {"count": count}


class Retry(_RetryAct):
    """Make one call again."""

    def act(self) -> str:
        return self.retry([get_object_or_404(Call, pk=self.kwargs["call_id"]).pk])


class Drop(_RetryAct):
    """Take a call that was given up off the list. The person's timeline keeps what happened."""

    def act(self) -> str:
        drop_calls([self.kwargs["call_id"]])
        return _("The call is off the list.")


class RetryAll(_RetryAct):
    """The same for all that were given up, a batch at a time."""

    def act(self) -> str:
        return self.retry([call.pk for call in failing_calls(5_000)])
