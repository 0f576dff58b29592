"""Surveys in messages: what the room that keeps them tells of them. A button's link leads to the reader's own page.

The page's address holds the token of the delivery. A version keeps it with a dash in that place, and the click, which
knows the delivery, puts the token in: so the links of a survey are counted as all links are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.utils.functional import Promise

NO_READER = "-"
_PATH = "/survey/"
_PERSONAL_PATHS = (_PATH, "/voice/", "/gift/")


@dataclass(frozen=True)
class Shown:
    """What a message shows of a survey: its question, and the buttons as (code in the address, label)."""

    question: str | Promise
    answers: Sequence[tuple[str, str | Promise]]


Show = Callable[[int], Shown | None]
Lister = Callable[[], Sequence[tuple[str, str]]]
_show: Show | None = None
_lister: Lister | None = None


def register_surveys(lister: Lister, show: Show) -> None:
    """Tell which surveys an editor offers, as (id, name), and what a message shows of one; None where it is gone."""
    global _lister, _show
    _lister, _show = lister, show


def choices() -> list[tuple[str, str]]:
    """The surveys that an editor offers."""
    return list(_lister()) if _lister is not None else []


def shown(survey_id: int) -> Shown | None:
    """What a message shows of a survey; None where there is no such survey."""
    return _show(survey_id) if _show is not None else None


def survey_path(survey_id: int, answer: str, token: str = NO_READER) -> str:
    """The address of a reader's page of a survey, with the button they press; without a token it is nobody's."""
    return f"{_PATH}{token}/{survey_id}/{answer}"


def for_reader(url: str, base_url: str, token: str) -> str:
    """A link's goal for whoever has this token: of a survey, a voice or a gift their own page; any other as it is."""
    for path in _PERSONAL_PATHS:
        nobody = f"{base_url}{path}{NO_READER}/"
        if url.startswith(nobody):
            return f"{base_url}{path}{token}/{url.removeprefix(nobody)}"
    return url
