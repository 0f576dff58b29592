"""What other rooms know of people that offers ask: whether they are satisfied, whether they may become regulars.

Rooms that come after this one register a loader. Where nobody does, or it does not know a person, that is "not known".
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

SATISFIED, LIKELY_REGULAR = "satisfied", "likely_regular"

Loader = Callable[[Collection[int], datetime], Mapping[int, bool]]
"""Of these people, at that moment, those of whom something is known, with yes or no."""


class Had(NamedTuple):
    """Somebody had something from ``since`` until ``until`` (None: they have it still), when it was undone."""

    since: datetime
    until: datetime | None = None

    def holds(self, now: datetime) -> bool:
        """Whether they had it at that moment."""
        return self.since <= now and (self.until is None or now < self.until)


Buyers = Callable[[int, Mapping[int, datetime]], Iterable[tuple[int, Had]]]
"""``buyers(product_id, {contact_id: since})``: each time that one of them bought the product since their moment."""

NOBODY: Mapping[str, Any] = {"not": {"all": []}}
"""The condition that holds for nobody."""

_loaders: dict[str, Loader] = {}
_conditions: dict[str, Mapping[str, Any]] = {}
_buyers: dict[str, Buyers] = {}


def register_judgement(name: str, loader: Loader, condition: Mapping[str, Any]) -> None:
    """Have a room say something of people: :data:`SATISFIED` or :data:`LIKELY_REGULAR`. The last one to say it counts.

    ``condition``: holds now for exactly those of whom the loader says yes now, so that they can be counted.

    Raises:
        ValueError: offers ask nothing of that name.
    """
    if name not in {SATISFIED, LIKELY_REGULAR}:
        raise ValueError(f"Offers do not ask {name!r}.")
    _loaders[name], _conditions[name] = loader, condition


def condition_of(name: str) -> Mapping[str, Any]:
    """For whom it is so, as a condition: for nobody, where no room says it."""
    return _conditions.get(name, NOBODY)


def judgements(name: str, contact_ids: Collection[int], now: datetime) -> Mapping[int, bool]:
    """What is known of these people; who is left out is not known."""
    loader = _loaders.get(name)
    return loader(contact_ids, now) if loader is not None and contact_ids else {}


def register_buyers(name: str, buyers: Buyers) -> None:
    """Have a room say who has bought a product since a moment of their own."""
    _buyers[name] = buyers


def bought_since(product_id: int, since: Mapping[int, datetime]) -> Iterator[tuple[int, Had]]:
    """Each time that one of these people bought the product at or after their moment, also what was undone since."""
    for buyers in _buyers.values() if since else ():
        yield from buyers(product_id, since)
