"""What staff do with webhooks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.utils.translation import gettext as _
from wagtail.log_actions import log

from jouren.core import clock
from jouren.core.destinations import read_destination
from jouren.core.sql import load_sql
from jouren.core.wake import wake
from jouren.webhooks.errors import WebhookProblem
from jouren.webhooks.models import Call, CallState, Endpoint, Secret
from jouren.webhooks.outbox import CHANNEL, PlannedCall, plan_calls
from jouren.webhooks.policies import GIVE_UP_AFTER
from jouren.webhooks.signing import new_salt, secret_of

_sql = load_sql("webhooks")
MOST_SECRETS = 2


@transaction.atomic
def make_webhook(name: str, url: str, *, by: AbstractBaseUser | None = None) -> tuple[Endpoint, str]:
    """Make a webhook. Returns it and its secret, which is to be shown once.

    Raises:
        ForbiddenDestination: the address cannot be called.
    """
    read_destination(url)
    endpoint = Endpoint.objects.create(name=name, url=url, created_at=clock.now())
    _log(endpoint, "make", by)
    return endpoint, _new_secret(endpoint)


@transaction.atomic
def change_webhook(
    endpoint_id: int, *, name: str, url: str, is_on: bool, by: AbstractBaseUser | None = None
) -> Endpoint:
    """Change a webhook. What waits is called at the new address. Raises ForbiddenDestination."""
    read_destination(url)
    endpoint = Endpoint.objects.select_for_update().get(pk=endpoint_id)
    if (endpoint.name, endpoint.url, endpoint.is_on) != (name, url, is_on):
        endpoint.name, endpoint.url, endpoint.is_on = name, url, is_on
        endpoint.save()
        _log(endpoint, "change", by)
    return endpoint


@transaction.atomic
def add_secret(endpoint_id: int, *, by: AbstractBaseUser | None = None) -> str:
    """Make a further secret and return it, to be shown once. Calls are signed with it and the one before.

    Raises:
        WebhookProblem: there are two already.
    """
    endpoint = Endpoint.objects.select_for_update().get(pk=endpoint_id)
    if endpoint.secrets.filter(ended_at=None).count() >= MOST_SECRETS:
        raise WebhookProblem(_("There are two secrets already. End the old one first."))
    _log(endpoint, "add_secret", by)
    return _new_secret(endpoint)


@transaction.atomic
def end_secret(secret_id: int, *, by: AbstractBaseUser | None = None) -> None:
    """Sign with a secret no longer.

    Raises:
        WebhookProblem: it is the only one.
    """
    secret = Secret.objects.select_related("endpoint").get(pk=secret_id)
    Endpoint.objects.select_for_update().get(pk=secret.endpoint_id)
    if not Secret.objects.filter(endpoint=secret.endpoint, ended_at=None).exclude(pk=secret_id).exists():
        raise WebhookProblem(_("It is the only secret. Make a new one first."))
    if Secret.objects.filter(pk=secret_id, ended_at=None).update(ended_at=clock.now()):
        _log(secret.endpoint, "end_secret", by)


@transaction.atomic
def try_webhook(endpoint_id: int) -> None:
    """Call it once, to see whether it works. Raises WebhookProblem when it is switched off."""
    endpoint = Endpoint.objects.get(pk=endpoint_id)
    if not endpoint.is_on:
        raise WebhookProblem(_("The webhook is switched off."))
    plan_calls([PlannedCall(endpoint.pk, None, {"type": "webhook.test", "data": {}})], clock.now())


@transaction.atomic
def retry_calls(call_ids: Iterable[int]) -> int:
    """Make calls again that were given up or wait after a failure, for a day more. Returns how many.

    Those of webhooks that are switched off stay as they are.
    """
    now = clock.now()
    retried = _sql.run("retry", {"ids": list(call_ids), "now": now, "give_up_at": now + GIVE_UP_AFTER})
    wake(CHANNEL)
    return retried


def drop_calls(call_ids: Iterable[int]) -> int:
    """Forget calls that were given up: nobody wants them made any more. Returns how many."""
    dropped, _by_model = Call.objects.filter(pk__in=list(call_ids), state=CallState.FAILED).delete()
    return dropped


def _new_secret(endpoint: Endpoint) -> str:
    secret = Secret.objects.create(endpoint=endpoint, salt=new_salt(), created_at=clock.now())
    return secret_of(secret.salt)


def _log(endpoint: Endpoint, act: str, by: AbstractBaseUser | None, **data: Any) -> None:
    if by is not None:
        log(instance=endpoint, action=f"webhooks.{act}", user=by, data=data or None)
