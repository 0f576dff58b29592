"""Whom a request is about."""

from __future__ import annotations

from typing import Any

from jouren.api.errors import BadRequest

_KINDS = ("email", "line", "shop")


def read_identity(contact: Any, where: str) -> tuple[str, str]:
    """The kind and value of ``{"email": "…"}``, ``{"line": "…"}`` or ``{"shop": "…"}``.

    Raises:
        BadRequest: it is none of these; the message begins with ``where`` it stands.
    """
    if isinstance(contact, dict) and len(contact) == 1:
        ((kind, value),) = contact.items()
        if kind in _KINDS and isinstance(value, str) and value:
            return kind, value
    raise BadRequest(f'{where} must be {{"email": "…"}}, {{"line": "…"}} or {{"shop": "…"}}.')
