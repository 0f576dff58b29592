"""Who looks at the back office in tests, and small makers of what there is to see."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Permission, User
from django.test import Client

from jouren.contacts.actions import create_contact
from jouren.contacts.models import Contact

ENGLISH = {"accept-language": "en"}


def owner() -> User:
    """Who may do everything."""
    return User.objects.create_superuser("owner@example.jp", "owner@example.jp", "x")


def client_of(user: User) -> Client:
    """A signed-in browser that reads English."""
    client = Client(headers=ENGLISH)
    client.force_login(user)
    return client


def owner_client() -> Client:
    """The owner's browser."""
    return client_of(owner())


def staff_client(*permissions: str) -> Client:
    """The browser of somebody who may enter the back office and has these permissions (``app.codename``)."""
    user = User.objects.create_user(f"staff{User.objects.count()}", password="x")
    for name in ("wagtailadmin.access_admin", *permissions):
        app, codename = name.split(".")
        user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
    return client_of(user)


def make_person(number: int = 1, **details: Any) -> Contact:
    """Somebody with an address."""
    return create_contact(email=f"p{number}@example.jp", **details)
