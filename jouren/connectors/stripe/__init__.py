"""Stripe: paid checkouts, invoices, subscriptions and refunds.

Its documents: https://docs.stripe.com/webhooks (signature, attempts), https://docs.stripe.com/api/events/types.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jouren.connectors.connector import Connector, Headers
from jouren.connectors.errors import ConnectionProblem
from jouren.connectors.signatures import check_age, check_any, digest
from jouren.connectors.stripe.reading import read


def verify(headers: Headers, body: bytes, secrets: Sequence[str], now: datetime) -> None:
    """Check ``Stripe-Signature: t=…,v1=…``, of the time and the raw body, not older than 300 seconds."""
    parts = [part.strip().partition("=") for part in headers.get("stripe-signature", "").split(",")]
    seconds = next((value for name, _equals, value in parts if name == "t"), "")
    check_age(seconds, now)
    signed = seconds.encode() + b"." + body
    given = [value.encode(errors="replace") for name, _equals, value in parts if name == "v1"]
    check_any([digest(secret.encode(), signed).hex().encode() for secret in secrets], given)


def check_secret(secret: str) -> None:
    """Refuse what was copied from another place than the endpoint's signing secret. Raises ConnectionProblem."""
    if not secret.startswith("whsec_"):
        raise ConnectionProblem(_("Stripe's signing secret begins with whsec_. It is no API key."))


CONNECTOR = Connector(
    key="stripe",
    label="Stripe",
    about=gettext_lazy("Paid checkouts and invoices, subscriptions and refunds of a Stripe account."),
    steps=(
        gettext_lazy("In Stripe, open Developers → Webhooks and add a destination with the address above."),
        gettext_lazy(
            "Choose the events: checkout.session.completed, checkout.session.async_payment_succeeded, invoice.paid, "
            "invoice_payment.paid, customer.subscription.created, customer.subscription.updated, "
            "customer.subscription.deleted, customer.subscription.paused, customer.subscription.resumed, "
            "refund.created, refund.updated, customer.created, customer.updated."
        ),
        gettext_lazy("Stripe then shows the signing secret, whsec_…. Copy it into the field for the secret here."),
    ),
    verify=verify,
    read=read,
    check_secret=check_secret,
    # Stripe tries again for three days whatever the error is.
    off_status=HTTPStatus.SERVICE_UNAVAILABLE,
)
