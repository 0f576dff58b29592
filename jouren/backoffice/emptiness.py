"""What an empty list says: what such a thing is for, and what to do first."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

_TEXTS = {
    "capture.form": _(
        "With a form, people who have a problem leave you their mail address. Make one, then put it on a page."
    ),
    "contacts.topic": _(
        "A topic is what people agree to get, such as a newsletter. Every form and every message names one."
    ),
    "journeys.dayoff": _(
        "Weekends and public holidays are known. Add the other days on which your shop is closed: steps that go out on "
        "business days only wait over them."
    ),
    "journeys.journey": _(
        "A journey sends your messages by itself, each on its day, counted from every person's own start. Write the "
        "messages first, then make the journey."
    ),
    "messaging.domainlimit": _(
        "You need none to begin with. Add one when a mail service asks you to send to it more slowly."
    ),
    "messaging.message": _(
        "A message is one mail. Begin with one that helps: a useful answer to the problem that people come with."
    ),
    "pyramid.pyramidrule": _(
        "Without a rule nobody rises in the pyramid by themselves. Add one for each step: a registration, a trial, a "
        "purchase at the regular price, the third purchase."
    ),
}


def first_words(model: Any) -> str:
    """For the empty list of a model; empty for one that explains itself."""
    return str(_TEXTS.get(model._meta.label_lower, "")) if model is not None else ""


_HELP = {"journeys.journey": ("playbooks:list", _("Begin with a ready-made journey"))}


def first_help(model: Any) -> tuple[str, str] | None:
    """The URL name and label of a place to begin; None for a model that has none."""
    found = _HELP.get(model._meta.label_lower) if model is not None else None
    return (found[0], str(found[1])) if found else None
