"""How many people an offer reaches, in a shop of any size.

A small shop is counted while somebody waits; a large one by a job, and shown as of its moment (``kept.py``).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256

from jouren.catalog.offers.models import Offer
from jouren.catalog.offers.queries import Reach, audience_tree, reach_of
from jouren.conditions.compile import compile_sql
from jouren.conditions.queries import PATIENCE_MILLISECONDS, briefly
from jouren.core import clock
from jouren.core.zone import shop_zone
from jouren.reports.kept import FRESH, Kept, answer_of, is_large_shop, register_shop_question

_JOB_MILLISECONDS = 600_000


@dataclass(frozen=True)
class ReachQuestion:
    """Whom an offer reaches. ``terms``: a digest of what it asks, so that what was changed is another question."""

    offer_id: int
    terms: str
    fresh = FRESH

    @property
    def text(self) -> str:
        """The same text for the same offer with the same terms."""
        return json.dumps(["reach", self.offer_id, self.terms])

    @classmethod
    def read(cls, text: str) -> ReachQuestion:
        """The question of a text."""
        return cls(*json.loads(text)[1:])

    @classmethod
    def of(cls, offer: Offer) -> ReachQuestion:
        """Of this offer as it is."""
        said = json.dumps([*map(str, offer.terms), audience_tree(offer)], sort_keys=True)
        return cls(offer.pk, sha256(said.encode()).hexdigest()[:16])

    @property
    def is_large(self) -> bool:
        """Whether it is too much to count while somebody waits."""
        return is_large_shop()

    def count(self) -> Reach:
        """The answer, counted now. Raises TooManyToCount and ConditionError."""
        with briefly(_JOB_MILLISECONDS if self.is_large else PATIENCE_MILLISECONDS):
            return reach_of(Offer.objects.get(pk=self.offer_id))


def reach_now(offer: Offer) -> Kept[Reach]:
    """How many people an offer reaches.

    Raises:
        ConditionError: its condition cannot be asked any more.
        TooManyToCount: it takes longer than somebody waits.
    """
    compile_sql(audience_tree(offer), clock.now(), shop_zone())  # raises here, and not in the job
    return answer_of(ReachQuestion.of(offer), Reach)


def register_questions() -> None:
    """Called when the room starts."""
    register_shop_question("reach", ReachQuestion.read)
