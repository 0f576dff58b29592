"""For whom an offer is, now: the one rule that messages, pages and the interface ask. Pure.

Whatever is not known of a person speaks against them: an offer is closed to whom nobody knows to be satisfied.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import models
from django.utils.translation import gettext_lazy as _

from jouren.pyramid.stages import Stage

BUYS_AT_REGULAR_PRICE = Stage.EXISTING
"""From this stage on people are customers at the regular price."""


class Reason(models.TextChoices):
    """Why an offer is closed to somebody. The first that applies is told, in this order."""

    WITHDRAWN = "withdrawn", _("the offer was withdrawn")
    NOT_BEGUN = "not_begun", _("the offer has not begun yet")
    OVER = "over", _("the offer is over")
    WRONG_STAGE = "wrong_stage", _("the offer is for another stage")
    NOT_IN_AUDIENCE = "not_in_audience", _("they are not among those whom the offer is for")
    REGULAR_PRICE_ONLY = "regular_price_only", _("it is for customers at the regular price only")
    NOT_SATISFIED = "not_satisfied", _("they are not known to be satisfied")
    NOT_LIKELY_REGULAR = "not_likely_regular", _("they are not known to be likely to become a regular")
    ALREADY_TAKEN = "already_taken", _("they have taken it already")
    DEADLINE_PASSED = "deadline_passed", _("their personal deadline has passed")
    SOLD_OUT = "sold_out", _("all are taken")


class OfferTerms(NamedTuple):
    """What an offer asks. Moments are aware; ``ends_at`` is the first moment at which it is over.

    ``personal_hours``: so many hours from when a person first saw it. ``stock``: how many there are. Stages are those
    of the pyramid, both included. None: no such limit. ``is_once``: nobody takes it twice.
    """

    is_open: bool = True
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    personal_hours: int | None = None
    least_stage: int | None = None
    most_stage: int | None = None
    stock: int | None = None
    is_once: bool = True
    needs_satisfaction: bool = False
    needs_likely_regular: bool = False
    is_limited_information: bool = False


class PersonFacts(NamedTuple):
    """What an offer looks at in a person. ``taken``: how many of it are taken, by anybody.

    ``is_in_audience``: the offer's condition holds, or it has none. None is "not known".
    """

    stage: int = Stage.AWARE
    is_in_audience: bool = True
    first_seen_at: datetime | None = None
    has_taken: bool = False
    taken: int = 0
    is_satisfied: bool | None = None
    is_likely_regular: bool | None = None


class Verdict(NamedTuple):
    """``reason`` None: the offer is open to the person. ``deadline``: until when (None: for as long as it stands).

    ``hours_from_sight``: the person has not seen it yet; from when they do, they have so many hours.
    """

    reason: Reason | None
    deadline: datetime | None = None
    hours_from_sight: int | None = None

    @property
    def is_eligible(self) -> bool:
        """Whether the offer is open to the person."""
        return self.reason is None


def judge(terms: OfferTerms, person: PersonFacts, now: datetime) -> Verdict:
    """Whether an offer is open to a person at ``now``, and until when."""
    deadline = deadline_of(terms, person.first_seen_at)
    is_unseen = terms.personal_hours is not None and person.first_seen_at is None
    return Verdict(_refusal(terms, person, now), deadline, terms.personal_hours if is_unseen else None)


def deadline_of(terms: OfferTerms, first_seen_at: datetime | None) -> datetime | None:
    """The first moment at which the offer is closed to who first saw it then: its end or theirs, what comes first."""
    personal = _personal_deadline(terms, first_seen_at)
    return min((moment for moment in (terms.ends_at, personal) if moment is not None), default=None)


def _personal_deadline(terms: OfferTerms, first_seen_at: datetime | None) -> datetime | None:
    if terms.personal_hours is None or first_seen_at is None:
        return None
    return first_seen_at + timedelta(hours=terms.personal_hours)


def _refusal(terms: OfferTerms, person: PersonFacts, now: datetime) -> Reason | None:
    personal = _personal_deadline(terms, person.first_seen_at)
    refusals = (
        (not terms.is_open, Reason.WITHDRAWN),
        (terms.starts_at is not None and now < terms.starts_at, Reason.NOT_BEGUN),
        (terms.ends_at is not None and now >= terms.ends_at, Reason.OVER),
        (not is_on_stage(terms, person.stage), Reason.WRONG_STAGE),
        (not person.is_in_audience, Reason.NOT_IN_AUDIENCE),
        (terms.is_limited_information and person.stage < BUYS_AT_REGULAR_PRICE, Reason.REGULAR_PRICE_ONLY),
        (terms.needs_satisfaction and person.is_satisfied is not True, Reason.NOT_SATISFIED),
        (terms.needs_likely_regular and person.is_likely_regular is not True, Reason.NOT_LIKELY_REGULAR),
        (terms.is_once and person.has_taken, Reason.ALREADY_TAKEN),
        (personal is not None and now >= personal, Reason.DEADLINE_PASSED),
        (terms.stock is not None and person.taken >= terms.stock, Reason.SOLD_OUT),
    )
    return next((reason for applies, reason in refusals if applies), None)


def is_on_stage(terms: OfferTerms, stage: int) -> bool:
    """Whether an offer is for people on a stage."""
    return (terms.least_stage is None or stage >= terms.least_stage) and (
        terms.most_stage is None or stage <= terms.most_stage
    )


FEW_PEOPLE = 100
FEW_PERCENT = 5
ALWAYS_FEW_PEOPLE = 3
"""In a small shop one person may be more than 5 %: so many are few anywhere."""


def is_more_than_few(audience: int, customers: int) -> bool:
    """Whether the finest offer's audience is no longer ごくわずか: over 100 people, or over 5 % of the customers.

    Up to three people are few, however small the shop is.
    """
    if audience <= ALWAYS_FEW_PEOPLE:
        return False
    return audience > FEW_PEOPLE or audience * 100 > customers * FEW_PERCENT
