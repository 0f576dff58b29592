"""What colleagues are called."""

from __future__ import annotations

from django.contrib.auth.base_user import AbstractBaseUser
from django.utils.translation import get_language

from jouren.contacts.policies import display_name


def colleague_name(user: AbstractBaseUser) -> str:
    """Their name in the order of the reader's language, or that of their account: 山田 太郎, Taro Yamada."""
    family_name, given_name = getattr(user, "last_name", ""), getattr(user, "first_name", "")
    return display_name(family_name, given_name, get_language() or "ja") or user.get_username()
