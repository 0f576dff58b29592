"""What the owner's story says where a playbook leaves a place to fill in. Pure.

A place is filled only by what the owner wrote: an answer as it stands, or several one after the other. What was not
answered stays a marked place, and nothing is invented, least of all a customer's words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from jouren.story.interview import LONGEST

Answers = Mapping[str, Any]
"""``{{ owner.… }}`` as :func:`jouren.story.queries.owner_variables` gives it."""


def texts_of(places: Sequence[str], owner: Answers) -> dict[str, str]:
    """What belongs into these places, by place; those of which the story says nothing are left out."""
    filled = {place: _PLACES[place](owner) for place in places if place in _PLACES}
    return {place: text for place, text in filled.items() if text and len(text) <= LONGEST}


def _answer(key: str) -> Callable[[Answers], str]:
    return lambda owner: str(owner[key])


def _together(*keys: str) -> Callable[[Answers], str]:
    """All of these answers as paragraphs; nothing while the first is missing."""
    return lambda owner: "\n\n".join(str(owner[key]) for key in keys if owner[key]) if owner[keys[0]] else ""


def _questions(sign: str) -> Callable[[Answers], str]:
    """What customers ask, each question before its answer."""

    def told(owner: Answers) -> str:
        pairs = [f"{sign}{asked['question']}\n{chr(10).join(asked['lines'])}" for asked in owner["questions"]]
        text = ""
        for pair in pairs:
            if len(text) + len(pair) + 2 > LONGEST:
                break
            text = f"{text}\n\n{pair}" if text else pair
        return text

    return told


_PLACES: Mapping[str, Callable[[Answers], str]] = {
    "担当者の名前": _answer("name"),
    "your name": _answer("name"),
    "解決したい悩み": _answer("problem"),
    "the problem that you solve": _answer("problem"),
    "この店をはじめたわけ": _answer("why"),
    "why you began this shop": _answer("why"),
    "自己紹介と、この仕事をするわけ": _answer("why"),
    "who you are, and why you do this": _answer("why"),
    "会社を始めたわけと、大切にしていること": _together("why", "belief"),
    "why you began, and what matters to you": _together("why", "belief"),
    "今日からできること": _answer("first_step"),
    "what one can do today": _answer("first_step"),
    "お役に立ちたい方": _answer("for_whom"),
    "whom you wish to help": _answer("for_whom"),
    "大切にしていること": _answer("belief"),
    "what matters to you": _answer("belief"),
    "選ぶときに見る点": _answer("belief"),
    "what to look at when choosing": _answer("belief"),
    "決してしないこと": _answer("never"),
    "what you would never do": _answer("never"),
    "よくいただくご質問とその答え": _questions("Q. "),
    "questions that customers ask, and your answers": _questions("Q. "),
}
