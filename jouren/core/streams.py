"""A StreamField whose blocks stay out of migrations."""

from __future__ import annotations

from typing import Any

from wagtail.fields import StreamField


class AuthoredField(StreamField):
    """A StreamField to the database, where it is one JSON column whatever its blocks are.

    Wagtail writes every block, label and choice into migrations: each new step of a journey would be a migration that
    changes nothing.
    """

    def deconstruct(self) -> tuple[Any, ...]:
        name, _path, _args, kwargs = super().deconstruct()
        return name, "wagtail.fields.StreamField", [[]], {**kwargs, "block_lookup": {}}
