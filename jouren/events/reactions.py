"""Who reacts to what. Rooms register their reactions in ``AppConfig.ready``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from jouren.events.types import Event


@dataclass(frozen=True)
class Reaction:
    """A room's answer to events.

    ``react`` gets events in order, at most one of each contact, inside the reactor's transaction; it may call actions
    and record further events, and must not depend on anything but its events and the database. ``types`` None: all.
    ``order``: lower ones run first. ``historical=False``: it never sees imported history.
    """

    name: str
    react: Callable[[Sequence[Event]], None]
    types: frozenset[str] | None = None
    order: int = 100
    historical: bool = False

    def wants(self, event: Event) -> bool:
        """Whether this reaction is for that event."""
        return (self.types is None or event.type in self.types) and (self.historical or not event.historical)


Resolver = Callable[[Iterable[int]], dict[int, int]]

_reactions: dict[str, Reaction] = {}
_resolver: Resolver | None = None


def register_reaction(reaction: Reaction) -> Reaction:
    """Make a reaction run from now on; one of the same name is replaced."""
    _reactions[reaction.name] = reaction
    return reaction


def reactions() -> list[Reaction]:
    """All reactions in the order in which they run."""
    return sorted(_reactions.values(), key=lambda reaction: (reaction.order, reaction.name))


def register_contact_resolver(resolver: Resolver) -> None:
    """Tell how merged contacts are followed: from ids to the ids they became, for those only that changed."""
    global _resolver  # noqa: PLW0603 — one process-wide registration, made while the apps load
    _resolver = resolver


def resolve_contacts(contact_ids: Iterable[int]) -> dict[int, int]:
    """The ids that merged contacts became; contacts that were not merged are left out."""
    return _resolver(contact_ids) if _resolver else {}
