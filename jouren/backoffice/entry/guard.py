"""How often somebody may try to get in.

Guesses are counted for an account together with the connection they come from, so that a stranger's guesses never keep
the owner out at home. Guesses at one account from everywhere are limited too, but not where somebody has signed in to
it before. Every window is short and none is extended by trying on; an account that does not exist is counted like one
that does.
"""

from __future__ import annotations

import logging
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from wagtail.log_actions import log

from jouren.core.allowances import forget_allowance, give_back, is_used, use_allowance

logger = logging.getLogger(__name__)

REFUSED = "backoffice.login_refused"


@dataclass(frozen=True, slots=True)
class Limit:
    """At most so many tries in a window that begins with the first of them."""

    name: str
    tries: int
    window: timedelta


HERE = Limit("login", 10, timedelta(minutes=15))
"""At one account from one connection."""
CONNECTION = Limit("login-connection", 60, timedelta(hours=1))
"""At any accounts from one connection."""
ELSEWHERE = Limit("login-account", 60, timedelta(hours=1))
"""At one account from all connections that never got in to it."""
MAILS = Limit("reset-mail", 3, timedelta(hours=1))
"""Mails with a link to a new password, to one address."""
ASKING = Limit("reset-connection", 20, timedelta(hours=1))
"""Asking for such mails from one connection."""
FIRST = Limit("first-key", 20, timedelta(hours=1))
"""Keys to a new installation, from one connection."""
_KNOWN = "login-known"
_KNOWN_FOR = timedelta(days=180)


@dataclass(frozen=True, slots=True)
class Attempt:
    """Somebody who tries to sign in: what they typed as their user name, and the connection they come from."""

    account: str
    network: str

    @property
    def name(self) -> str:
        """The account, however it was typed."""
        return unicodedata.normalize("NFKC", self.account).strip().casefold()

    @property
    def place(self) -> str:
        """The account together with the connection."""
        return f"{self.name}\0{self.network}"

    def begin(self) -> datetime | None:
        """Count this try, before anything is looked up. Returns until when it is refused, None when it may go on."""
        limits = [(HERE, self.place)]
        if self.network:
            limits.insert(0, (CONNECTION, self.network))
        if not is_used(_KNOWN, self.place):
            limits.append((ELSEWHERE, self.name))
        for limit, value in limits:
            if (until := _refused_until(limit, value)) is not None:
                return until
        return None

    def succeed(self) -> None:
        """They got in: their tries before do not count, and this connection is one of the account's from now on."""
        forget_allowance(HERE.name, self.place)
        if self.network:
            give_back(CONNECTION.name, self.network)
        give_back(ELSEWHERE.name, self.name)
        remember(self.account, self.network)


def remember(account: str, network: str) -> None:
    """Make a connection one of an account's: its owner has shown there who they are."""
    place = Attempt(account, network).place
    forget_allowance(_KNOWN, place)
    use_allowance(_KNOWN, place, _KNOWN_FOR)


def may_ask_for_mail(network: str) -> datetime | None:
    """Count one who forgot their password. Returns until when their connection has to wait, None when it need not."""
    return _refused_until(ASKING, network) if network else None


def may_try_key(network: str) -> datetime | None:
    """Count one who brings a key to a new installation. Returns until when they have to wait, if they have to."""
    return _refused_until(FIRST, network or "unknown")


def may_get_mail(address: str) -> bool:
    """Count one such mail to an address, whether or not anybody has it."""
    return use_allowance(MAILS.name, address.strip().casefold(), MAILS.window).count <= MAILS.tries


def _refused_until(limit: Limit, value: str) -> datetime | None:
    use = use_allowance(limit.name, value, limit.window)
    if use.count == limit.tries + 1:
        logger.warning("Too many tries to sign in (%s). More are refused until %s.", limit.name, use.until.isoformat())
        if limit in (HERE, ELSEWHERE):
            _tell_owner(value.partition("\0")[0], value.partition("\0")[2], use.until)
    return use.until if use.count > limit.tries else None


def _tell_owner(account: str, network: str, until: datetime) -> None:
    """Write it to the audit log, once a window, where there is an account to write it for."""
    user: AbstractBaseUser | None = get_user_model().objects.filter(username__iexact=account).first()
    if user is not None:
        log(instance=user, action=REFUSED, data={"connection": network, "until": until.isoformat()})
