"""Connected shops: whether they are heard from, what they last told, and what of it could not be used."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from jouren.backoffice.connectors.forms import ChangeForm, ConnectForm, SecretForm
from jouren.backoffice.screens import Act, MakingScreen
from jouren.connectors.actions import (
    MOST_SECRETS,
    change_connection,
    connect,
    drop,
    end_secret,
    replay,
    replay_all,
    rotate_secret,
)
from jouren.connectors.connector import Connector, connector_of
from jouren.connectors.models import Connection, Received, Secret
from jouren.connectors.queries import Standing, can_read_secrets, failed_of, standings, valid_secrets
from jouren.core.errors import UserError

PAGE = 50


def address_of(connection: Connection) -> str:
    """Where the shop posts."""
    path = connector_of(connection.connector).path
    base = settings.JOUREN.base_url.rstrip("/")
    return base + (path % connection.public_id if "%s" in path else path.rstrip("/"))


class _ConnectionScreen(MakingScreen):
    """What all of these screens ask and tell."""

    permissions = ("connectors.view_connection",)
    header_icon = "plug"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        may = {f"may_{verb}": self.request.user.has_perm(f"connectors.{verb}_connection") for verb in ("add", "change")}
        return {**super().get_context_data(**kwargs), **may, **kwargs}


class ConnectionsScreen(_ConnectionScreen):
    """All connections, and how they stand."""

    making = "connectors.add_connection"
    template_name = "backoffice/connectors/list.html"
    page_title = gettext_lazy("Connected shops")

    def post(self, request: HttpRequest) -> HttpResponse:
        """Connect a shop."""
        form = ConnectForm(request.POST)
        if not form.is_valid():
            return self.show(form=form)
        try:
            connection, secret = connect(**form.cleaned_data, by=self.staff)
        except UserError as error:
            return self.show(form=form, problem=str(error))
        return self.show(made=connection, address=address_of(connection), new_secret=secret)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        standing = standings()
        rows = [
            {"connection": each, "kind": connector_of(each.connector).label, "standing": standing[each.pk]}
            for each in Connection.objects.order_by("-is_on", "name", "id")[:200]
        ]
        return super().get_context_data(**{"rows": rows, "form": ConnectForm(), **kwargs})


class ConnectionScreen(_ConnectionScreen):
    """One connection: how to set it up, its secrets, what it told. A POST lets a further secret be valid."""

    making = "connectors.change_connection"
    template_name = "backoffice/connectors/connection.html"
    parents = (("connectors:list", gettext_lazy("Connected shops")),)

    @cached_property
    def connection(self) -> Connection:
        """The connection that is shown."""
        return get_object_or_404(Connection, pk=self.kwargs["pk"])

    @cached_property
    def kind(self) -> Connector:
        """What kind of shop it is."""
        return connector_of(self.connection.connector)

    def get_page_title(self) -> str:
        return self.connection.name

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Let a further secret be valid."""
        form = self._secret_form(request.POST)
        if not form.is_valid():
            return self.show(secret_form=form)
        try:
            made = rotate_secret(self.connection.pk, **form.values(), by=self.staff)
        except UserError as error:
            return self.show(problem=str(error))
        return self.show(new_secret=made, is_saved=not made)

    def _secret_form(self, *data: Any) -> SecretForm:
        is_first = not valid_secrets(self.connection)
        return SecretForm(*data, is_pasted=not self.kind.makes_secret, is_first=is_first)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        connection, failed = self.connection, failed_of(self.connection)
        secrets = valid_secrets(connection)
        context = {
            "connection": connection,
            "kind": self.kind,
            "address": address_of(connection),
            "standing": standings().get(connection.pk, Standing()),
            "secrets": secrets,
            "is_unreadable": not can_read_secrets(connection),
            "may_add_secret": len(secrets) < MOST_SECRETS,
            "secret_form": self._secret_form(),
            "form": ChangeForm(initial={"name": connection.name, "is_on": connection.is_on}),
            "failed": failed[:PAGE],
            "received": connection.received.order_by("-pk")[:PAGE],
        }
        return super().get_context_data(**{**context, **kwargs})


class _ConnectionAct(Act):
    permissions = ("connectors.change_connection",)

    def back(self) -> str:
        return reverse("connectors:connection", args=[self.kwargs["pk"]])


class Change(_ConnectionAct):
    """Another name, on or off."""

    def act(self) -> str:
        connection = get_object_or_404(Connection, pk=self.kwargs["pk"])
        form = ChangeForm(self.request.POST)
        if not form.is_valid():
            raise UserError(" ".join(str(message) for errors in form.errors.values() for message in errors))
        change_connection(connection.pk, **form.cleaned_data, by=self.staff)
        return _("“%(name)s” is saved.") % {"name": form.cleaned_data["name"]}


class ReplayAll(_ConnectionAct):
    """Take in all that could not be used, after mending."""

    def act(self) -> str:
        taken, refused = replay_all(get_object_or_404(Connection, pk=self.kwargs["pk"]).pk, by=self.staff)
        if not taken:
            raise UserError(_("Nothing of it can be used yet. Each says why."))
        told = ngettext("%(count)s is taken in now.", "%(count)s are taken in now.", taken) % {"count": taken}
        return f"{told} {_('Some still cannot be used.')}" if refused else told


class EndSecret(_ConnectionAct):
    """Take one of two secrets no longer."""

    @cached_property
    def secret(self) -> Secret:
        """The secret that ends."""
        return get_object_or_404(Secret, pk=self.kwargs["secret_id"])

    def act(self) -> str:
        end_secret(self.secret.pk, by=self.staff)
        return _("Only the other secret is valid from now on.")

    def back(self) -> str:
        return reverse("connectors:connection", args=[self.secret.connection_id])


class _ReceivedAct(Act):
    permissions = ("connectors.change_connection",)

    @cached_property
    def received(self) -> Received:
        """What came."""
        return get_object_or_404(Received, pk=self.kwargs["received_id"])

    def back(self) -> str:
        return reverse("connectors:connection", args=[self.received.connection_id])


class Replay(_ReceivedAct):
    """Take in one thing that could not be used, after mending."""

    def act(self) -> str:
        replay(self.received.pk, by=self.staff)
        return _("It is taken in now.")


class Drop(_ReceivedAct):
    """Take it off the list for good."""

    def act(self) -> str:
        drop(self.received.pk, by=self.staff)
        return _("It is off the list.")
