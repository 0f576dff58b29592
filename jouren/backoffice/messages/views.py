"""A message tried out, for a real person or in a mailbox, and the list of who got it and who did not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin import messages as notes

from jouren.backoffice.messages.wording import CONSENT_REASONS, Explanation, explain
from jouren.backoffice.screens import Screen
from jouren.contacts.models import Contact
from jouren.contacts.policies import display_name
from jouren.contacts.queries import Asked, Withdrawal, find_by_email, withdrawals_behind
from jouren.core.errors import UserError
from jouren.core.sql import load_sql
from jouren.messaging.channels.base import Rendered
from jouren.messaging.errors import InvalidMessage
from jouren.messaging.models import Message
from jouren.messaging.preview import preview_message, send_test
from jouren.messaging.replies import are_replies_known
from jouren.messaging.vocabulary import State

_sql = load_sql("backoffice")
PAGE = 50
_MAX_ID = 2**63 - 1


class TryForm(forms.Form):
    """An address: of the person to write for, or to send a test to."""

    address = forms.CharField(label=gettext_lazy("Mail address"), max_length=254, required=False)


class TryScreen(Screen):
    """The draft as a sample person or a real one would see it; and a test into a mailbox."""

    permissions = ("messaging.change_message",)
    template_name = "backoffice/messages/try.html"
    page_title = gettext_lazy("Try it out")
    header_icon = "view"
    parents = (("messages:list", gettext_lazy("Messages")),)

    def post(self, request: HttpRequest, **_where: int) -> HttpResponse:
        """Show it for a person, or send a test."""
        form = TryForm(request.POST)
        address = form.cleaned_data["address"].strip() if form.is_valid() else ""
        person = None
        if "send" in request.POST:
            self._send(address)
        elif address and (person := self._person(address)) is None:
            notes.error(request, _("Nobody is known by this address. You see it for a sample person."))
        return self.render_to_response(self.get_context_data(form=form, person=person))

    @property
    def shown_title(self) -> str:
        """What is tried, in words."""
        return str(self._draft())

    @property
    def back_url(self) -> str:
        """Where the screen was come from; empty: nowhere in particular."""
        return ""

    def preview(self, person: Contact | None) -> Rendered:
        """It as ``person`` (None: an invented one) would see it. Raises InvalidMessage."""
        return preview_message(self._draft(), person)

    def send(self, address: str) -> None:
        """Send a test. Raises UserError."""
        send_test(self._draft(), address, by=self.staff)

    def _send(self, address: str) -> None:
        try:
            self.send(address)
        except UserError as error:
            notes.error(self.request, str(error))
        else:
            notes.success(self.request, _("A test was sent."))

    def _person(self, address: str) -> Contact | None:
        if not self.request.user.has_perm("contacts.view_contact"):
            return None
        return find_by_email(address)

    def _draft(self) -> Message:
        draft: Message = get_object_or_404(Message, pk=self.kwargs["pk"]).get_latest_revision_as_object()
        return draft

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        rendered: Rendered | None = None
        problems: list[str] = []
        title = self.shown_title
        try:
            rendered = self.preview(kwargs.get("person"))
        except InvalidMessage as error:
            problems = error.problems
        context = {
            "message": title,
            "rendered": rendered,
            "problems": problems,
            "form": TryForm(),
            "back_url": self.back_url,
        }
        return {**super().get_context_data(**kwargs), **context, **kwargs}


@dataclass(frozen=True)
class DeliveryRow:
    """One delivery in the list. ``name`` is empty for somebody erased."""

    id: int
    public_id: UUID | None
    name: str
    state: State
    explanation: Explanation
    due_at: datetime
    sent_at: datetime | None
    opened_at: datetime | None
    clicked_at: datetime | None
    replied_at: datetime | None


class DeliveriesScreen(Screen):
    """Who got a message, who did not, and why."""

    permissions = ("messaging.view_message", "messaging.view_delivery", "contacts.view_contact")
    template_name = "backoffice/messages/deliveries.html"
    page_title = gettext_lazy("Who got it")
    header_icon = "letter"
    parents = (("messages:list", gettext_lazy("Messages")),)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        message = get_object_or_404(Message, pk=self.kwargs["pk"])
        state = _number(self.request.GET.get("state"))
        before = _number(self.request.GET.get("before"))
        if state is not None and state not in State.values:
            raise Http404
        rows = delivery_rows(message, before=before, state=state)
        return {
            **super().get_context_data(**kwargs),
            "message": message,
            "rows": rows[:PAGE],
            "next": rows[PAGE - 1].id if len(rows) > PAGE else None,
            "states": State.choices,
            "state": state,
            "is_later_page": before is not None,
            "counts_replies": are_replies_known(),
            "here": reverse("message_try:deliveries", args=[message.pk]),
        }


def delivery_rows(message: Message, *, before: int | None, state: int | None) -> list[DeliveryRow]:
    """A page of a message's deliveries and one more, the newest first."""
    rows = _sql.all(
        "message_deliveries",
        {
            "version_ids": list(message.versions.values_list("pk", flat=True)),
            "before": _MAX_ID if before is None else before,
            "states": State.values if state is None else [state],
            "limit": PAGE + 1,
        },
    )
    stored = [_Stored(*row) for row in rows]
    withdrawals = withdrawals_behind(_asked(each) for each in stored if each.reason in CONSENT_REASONS)
    return [_row(each, withdrawals.get(_asked(each))) for each in stored]


class _Stored(NamedTuple):
    id: int
    contact_id: int
    state: int
    reason: str
    error: str
    due_at: datetime
    try_at: datetime
    planned_at: datetime
    sent_at: datetime | None
    opened_at: datetime | None
    clicked_at: datetime | None
    replied_at: datetime | None
    is_held: bool
    topic: str
    channel: str
    living_id: int | None
    public_id: UUID | None
    family_name: str | None
    given_name: str | None
    language: str | None


def _asked(stored: _Stored) -> Asked:
    return Asked(stored.living_id or 0, stored.channel, stored.topic, stored.planned_at)


def _row(stored: _Stored, withdrawal: Withdrawal | None) -> DeliveryRow:
    return DeliveryRow(
        id=stored.id,
        public_id=stored.public_id,
        name=display_name(stored.family_name or "", stored.given_name or "", stored.language or "ja"),
        state=State(stored.state),
        explanation=explain(
            stored.state,
            stored.reason,
            stored.error,
            stored.try_at,
            is_held=stored.is_held,
            withdrawal=withdrawal,
        ),
        due_at=max(stored.due_at, stored.try_at),
        sent_at=stored.sent_at,
        opened_at=stored.opened_at,
        clicked_at=stored.clicked_at,
        replied_at=stored.replied_at,
    )


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and int(text) <= _MAX_ID else None
