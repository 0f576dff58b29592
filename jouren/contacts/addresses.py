"""Mail addresses: one normal form, and which odd ones are real. Pure."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

import idna
from django.utils.translation import gettext as _

from jouren.contacts.errors import BadAddress

MAX_ADDRESS_LENGTH = 254
MAX_LOCAL_LENGTH = 64
# These carriers once gave out addresses with two dots in a row or one at the end, and people still use them.
_CARRIERS_WITH_ODD_DOTS = frozenset(
    {"docomo.ne.jp", "ezweb.ne.jp", "au.com", "softbank.ne.jp", "i.softbank.jp", "vodafone.ne.jp", "disney.ne.jp"}
)
_LOCAL = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~.-]+")
_DOTTED = re.compile(r"^\.|\.\.|\.$")
_HOST_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")


@dataclass(frozen=True, slots=True)
class Address:
    """``value`` is what is stored and compared; ``is_odd`` marks one that only its carrier accepts."""

    value: str
    is_odd: bool = False

    @property
    def local(self) -> str:
        """What stands before the @."""
        return self.value.partition("@")[0]


@lru_cache(maxsize=10_000)  # batches ask for the same ones again and again
def normalise_email(text: str) -> Address:
    """Bring a mail address into its normal form: NFKC, lower case, an international domain in ASCII.

    Raises:
        BadAddress: it is empty, too long, or not an address; the message says which.
    """
    if len(text) > MAX_ADDRESS_LENGTH * 2:
        raise BadAddress(_("The mail address is too long."))
    plain = unicodedata.normalize("NFKC", text).strip().lower()
    if not plain:
        raise BadAddress(_("Please enter a mail address."))
    local, at, domain = plain.partition("@")
    if not at or "@" in domain or not local or not domain or not _LOCAL.fullmatch(local) or local.startswith("-"):
        raise BadAddress(_("This is not a mail address. Please write it like taro@example.jp."))
    domain = _ascii_domain(domain)
    value = f"{local}@{domain}"
    if len(local) > MAX_LOCAL_LENGTH or len(value) > MAX_ADDRESS_LENGTH:
        raise BadAddress(_("The mail address is too long."))
    is_odd = bool(_DOTTED.search(local))
    if is_odd and not any(domain == known or domain.endswith("." + known) for known in _CARRIERS_WITH_ODD_DOTS):
        raise BadAddress(_("Please check the dots in the mail address."))
    return Address(value, is_odd)


def _ascii_domain(domain: str) -> str:
    try:
        ascii_domain = domain if domain.isascii() else idna.encode(domain, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        ascii_domain = ""
    labels = ascii_domain.split(".")
    if len(labels) < 2 or labels[-1].isdigit() or not all(_HOST_LABEL.fullmatch(label) for label in labels):
        raise BadAddress(_("The part after @ is not the name of a mail domain."))
    return ascii_domain
