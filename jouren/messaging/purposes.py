"""Transactional purposes: what other rooms ask to be sent, and the variables that each brings."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Purpose:
    """``variables`` are what :func:`jouren.messaging.actions.send_transactional` is given, by name."""

    key: str
    label: str | Promise
    variables: tuple[str, ...] = ()


_purposes: dict[str, Purpose] = {}


def register_purpose(purpose: Purpose) -> Purpose:
    """Make a purpose known; one of the same key is replaced."""
    _purposes[purpose.key] = purpose
    return purpose


def purpose(key: str) -> Purpose | None:
    """The registered purpose of that key."""
    return _purposes.get(key)


def register_purposes() -> None:
    """Called when the room starts."""
    register_purpose(
        Purpose("registration_confirm", _("Confirmation of a registration"), ("confirm_url", "form_title"))
    )
