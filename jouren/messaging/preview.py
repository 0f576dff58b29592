"""How a message will look to somebody: in the editor, for a real person, and as a test in a mailbox."""

from __future__ import annotations

import re
import smtplib
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpResponse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from wagtail.log_actions import log

from jouren.contacts.addresses import normalise_email
from jouren.contacts.models import Contact
from jouren.core import clock
from jouren.core.errors import UserError
from jouren.core.mailbox import smtp_address
from jouren.core.relay import CONNECT_ERRORS, connect, describe, trouble_of
from jouren.messaging.channels.base import Letter, LetterOrder, Rendered, channel
from jouren.messaging.channels.email.writer import link_variables
from jouren.messaging.errors import InvalidMessage, TemplateProblem
from jouren.messaging.models import Message, MessageVersion
from jouren.messaging.offers import offers_for, sample_offers
from jouren.messaging.orders import sample_order
from jouren.messaging.publishing import compile_bodies, extra_variables, probe_variables, with_subject
from jouren.messaging.shop import hostname, load_shop
from jouren.messaging.variables import contact_variables, letter_variables
from jouren.messaging.vocabulary import Kind
from jouren.messaging.voices import voices_told

_SAMPLE_TOKEN = "preview"  # noqa: S105 — not a secret: no delivery answers to it
_TRACKED = re.compile(r"\{\{ link_base(?:\|safe)? \}\}/(\d+)")


class TestNotSent(UserError):
    """The relay did not take a test mail."""

    __test__ = False  # not a test, whatever its name makes pytest think


def preview_message(message: Message, contact: Contact | None = None, channel_name: str = "email") -> Rendered:
    """A draft as ``contact`` (None: an invented person) would see it. Its links lead straight to their goals.

    Raises:
        InvalidMessage: the draft cannot be compiled or filled in.
    """
    return _preview(_body(message, channel_name), message.purpose, contact, channel_name)


def preview_version(version: MessageVersion, contact: Contact | None = None, subject: str = "") -> Rendered:
    """A published version's mail as ``contact`` (None: an invented person) would see it, under ``subject`` if given.

    Raises:
        InvalidMessage: it cannot be filled in.
    """
    return _preview(_body_of_version(version, subject), "", contact, "email")


def send_test(message: Message, address: str, by: AbstractBaseUser | None = None) -> None:
    """Send a draft to an address, as the sample person would get it, and note it in the audit log.

    Raises:
        InvalidMessage: the draft cannot be compiled or filled in.
        BadAddress: the address cannot be one.
        TestNotSent: the relay did not take it.
    """
    _send_test(_body(message, "email"), message, message.purpose, address, by)


def send_test_of_version(
    version: MessageVersion, address: str, subject: str = "", by: AbstractBaseUser | None = None
) -> None:
    """The same with a published version, under ``subject`` if given. Raises as :func:`send_test`."""
    _send_test(_body_of_version(version, subject), version.message, "", address, by)


def _preview(body: Mapping[str, Any], purpose_key: str, contact: Contact | None, channel_name: str) -> Rendered:
    try:
        return channel(channel_name).render(body, _variables(purpose_key, contact, body))
    except TemplateProblem as problem:
        raise InvalidMessage([str(problem)]) from problem


def _send_test(
    body: Mapping[str, Any], message: Message | None, purpose_key: str, address: str, by: AbstractBaseUser | None
) -> None:
    recipient = normalise_email(address).value
    now = clock.now()
    writer = channel("email").open_writer(load_shop().sender)
    mark = _("[Test]")
    number = message.pk or 0 if message is not None else 0
    try:
        # A test must not offer to unsubscribe anybody, so it is written as a transactional mail is.
        writer.learn(0, {**body, "subject": f"{mark} {body['subject']}"}, Kind.TRANSACTIONAL)
        message_id = f"test.{number}.{now.timestamp():.0f}@{hostname()}"
        order = LetterOrder(0, message_id, _SAMPLE_TOKEN, recipient, _variables(purpose_key, None, body))
        letter = writer.write(order, now)
    except TemplateProblem as problem:
        raise InvalidMessage([str(problem)]) from problem
    _hand_over(letter)
    if message is not None and message.pk:
        log(instance=message, action="messaging.send_test", user=by, data={"address": recipient})


def _hand_over(letter: Letter) -> None:
    address = None
    try:
        address = smtp_address(settings.JOUREN)
        client = connect(address, hostname())
    except CONNECT_ERRORS as error:
        trouble = trouble_of(error, address)
        why = f"{describe(trouble.kind)[0]} ({trouble.detail})"
        raise TestNotSent(_("The test was not sent: %(error)s") % {"error": why}) from error
    try:
        with client:
            client.sendmail(letter.sender, [letter.recipient], letter.data)
    except (OSError, smtplib.SMTPException) as error:
        raise TestNotSent(_("The test was not sent: %(error)s") % {"error": error}) from error


def _body(message: Message, channel_name: str) -> dict[str, Any]:
    bodies = compile_bodies(message)
    if channel_name not in bodies:
        raise InvalidMessage([_("The message has no body.")])
    return with_plain_links(bodies[channel_name])


def _body_of_version(version: MessageVersion, subject: str) -> dict[str, Any]:
    body = version.bodies.get("email")
    if body is None:
        raise InvalidMessage([_("The message has no body.")])
    return with_plain_links(with_subject(body, subject) if subject else body)


def with_plain_links(body: Mapping[str, Any]) -> dict[str, Any]:
    """Links without tracking: nobody's delivery is behind a preview."""
    links: list[str] = body["links"]
    html = _TRACKED.sub(lambda found: links[int(found[1])].replace("&", "&amp;"), body["html"])
    return {**body, "html": html, "text": _TRACKED.sub(lambda found: links[int(found[1])], body["text"])}


def _variables(purpose_key: str, contact: Contact | None, body: Mapping[str, Any]) -> dict[str, Any]:
    variables = probe_variables(extra_variables(purpose_key))
    shop = load_shop()
    if contact is not None:
        identity = contact.identities.filter(kind="email").first()
        address = identity.value if identity else ""
        person = contact_variables(contact.family_name, contact.given_name, contact.language, address)
        variables |= {"contact": person}
        if body.get("names_order"):
            variables |= sample_order(contact.pk)
    offer_ids, base_url, now = body.get("offers", []), shop.sender.base_url, clock.now()
    return {
        **letter_variables(variables["contact"], shop.variables, shop.owner, variables),
        **link_variables(base_url, _SAMPLE_TOKEN),
        "voices": voices_told(body),
        "offers": offers_for(contact.pk, offer_ids, base_url, now)
        if contact is not None
        else sample_offers(offer_ids, base_url, now),
    }


def preview_response(message: Message, mode: str) -> HttpResponse:
    """The editor's preview: the mail, or its plain text. No script of a draft may run."""
    try:
        rendered = preview_message(message)
    except InvalidMessage as error:
        items = format_html("<p>{}</p>", str(error))
        response = HttpResponse(items)
    else:
        body = rendered.html if mode == "" else format_html("<pre>{}</pre>", f"{rendered.subject}\n\n{rendered.text}")
        response = HttpResponse(body)
    response["Content-Security-Policy"] = "script-src 'none'; object-src 'none'; base-uri 'none'"
    return response
