"""What templates may ask for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jouren.contacts.policies import addressee, display_name

LINKS = ("unsubscribe_url", "preference_url")
CONTACT_VARIABLES = ("name", "full_name", "family_name", "given_name", "email")


def contact_variables(
    family_name: str, given_name: str, language: str, email: str, *, letter_language: str = ""
) -> dict[str, str]:
    """``{{ contact.… }}`` of a person. ``name`` is a form of address with 様, never 様 alone.

    Whoever has no name is addressed in the language of the letter, where that is another than theirs.
    """
    has_name = bool(display_name(family_name, given_name, language))
    return {
        "name": addressee(family_name, given_name, language if has_name else letter_language or language),
        "full_name": display_name(family_name, given_name, language),
        "family_name": family_name,
        "given_name": given_name,
        "email": email,
    }


def letter_variables(
    contact: Mapping[str, str], shop: Mapping[str, str], owner: Mapping[str, Any], context: Mapping[str, Any] | None
) -> dict[str, Any]:
    """All variables of one letter but its links. What a delivery brings cannot pose as the person or the shop."""
    return {**(context or {}), "contact": contact, "shop": shop, "owner": owner}
