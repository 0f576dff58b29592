"""The signed mark that a form carries: when and where it was shown, and what had led there.

It keeps out programs that post without looking, and lets the page be shown again with the visitor's errors.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.core import signing

MINIMUM_AGE = timedelta(seconds=1.5)
MAXIMUM_AGE = timedelta(days=2)


@dataclass(frozen=True)
class Stamp:
    """When a form was shown (aware), on which page (its id, if any), and from where the visitor came.

    ``wording`` is :func:`wording_of` the consent text that was shown: nobody agrees to words they did not see.
    """

    at: datetime
    wording: str
    page_id: int | None = None
    path: str = ""
    utm: dict[str, str] = field(default_factory=dict)
    referrer: str = ""

    def is_fresh(self, now: datetime) -> bool:
        """Whether a person can have filled in the form between the stamp and ``now``."""
        return MINIMUM_AGE <= now - self.at <= MAXIMUM_AGE


def wording_of(consent_text: str) -> str:
    """A short mark that changes with the text."""
    return sha256(consent_text.encode(errors="replace")).hexdigest()[:16]


def write_stamp(form_id: UUID, stamp: Stamp) -> str:
    """A stamp as a form field's value, good for that form only."""
    fields = [stamp.at.timestamp(), stamp.wording, stamp.page_id, stamp.path, stamp.utm, stamp.referrer]
    return signing.dumps(fields, salt=_salt(form_id))


def read_stamp(form_id: UUID, value: str) -> Stamp | None:
    """The stamp that a form field holds; None for one that was not written here for this form."""
    try:
        at, wording, page_id, path, utm, referrer = _load(value, form_id)
    except (signing.BadSignature, ValueError):
        return None
    return Stamp(datetime.fromtimestamp(at, tz=UTC), wording, page_id, path, utm, referrer)


def _load(value: str, form_id: UUID) -> list[Any]:
    loaded: list[Any] = signing.loads(value, salt=_salt(form_id))
    return loaded


def _salt(form_id: UUID) -> str:
    return f"jouren.capture.stamp.{form_id}"
