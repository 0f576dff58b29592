"""Mail as a channel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from jouren.core.mailbox import smtp_address
from jouren.messaging.channels.base import Channel, Rendered, Transport, register_channel
from jouren.messaging.channels.email.compile import compile_email
from jouren.messaging.channels.email.transport import SmtpTransport
from jouren.messaging.channels.email.writer import EmailWriter
from jouren.messaging.shop import hostname
from jouren.messaging.templating import render_once


def render_email(body: Mapping[str, Any], variables: Mapping[str, Any]) -> Rendered:
    """A compiled mail filled in. Raises TemplateProblem."""
    return Rendered(
        render_once(body["subject"], variables, is_html=False),
        render_once(body["html"], variables, is_html=True),
        render_once(body["text"], variables, is_html=False),
    )


def open_transport() -> Transport:
    """Connections to the relay of this installation."""
    return SmtpTransport(lambda: smtp_address(settings.JOUREN), hostname())


def register_email() -> None:
    """Called when the room starts."""
    register_channel(Channel("email", _("Mail"), compile_email, render_email, open_transport, EmailWriter))
