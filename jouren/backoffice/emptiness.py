"""What an empty list says: what such a thing is for, and what to do first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
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


@dataclass(frozen=True)
class Way:
    """A way on from an empty list, for whoever has the permissions. ``url`` is a URL name."""

    label: str | Promise
    url: str
    permissions: tuple[str, ...]


@dataclass(frozen=True)
class Place:
    """An empty list: what belongs there, and what to do next. ``well``: why it is good that it is empty."""

    text: str | Promise
    ways: tuple[Way, ...] = ()
    well: str | Promise = ""


_FORMS = Way(_("Go to the forms"), "wagtailsnippets_capture_form:list", ("capture.view_form",))
_IMPORT = Way(_("Bring in customers from a file"), "imports:add", ("imports.add_import",))
_CONNECT = Way(_("Connect your shop"), "connectors:list", ("connectors.view_connection",))
_SURVEYS = Way(_("Go to the surveys"), "surveys:list", ("inbox.view_survey",))
_MESSAGES = Way(_("Write a message"), "messages:add", ("messaging.add_message",))
_PAGES = Way(_("Go to the pages"), "wagtailadmin_explore_root", ())

PLACES: dict[str, Place] = {
    "people": Place(
        _("You know nobody yet. People appear here when they send a form on one of your pages."), (_FORMS, _IMPORT)
    ),
    "stage": Place(
        _(
            "Nobody stands on this stage yet. People come up by themselves, by the promotion rules: by a registration, "
            "a trial, a purchase."
        ),
        (Way(_("Look at the rules"), "pyramidrule:index", ("pyramid.change_pyramidrule",)),),
    ),
    "inbox": Place(
        _(
            "Whoever answers a survey that something was worse than expected stands here, until somebody has seen to "
            "them."
        ),
        (_SURVEYS,),
        well=_("Nobody waits for you."),
    ),
    "inbox_done": Place(_("When you have seen to somebody, what you did for them is kept here.")),
    "tasks": Place(
        _("When somebody becomes a regular, or likely to be one, what you do for them by hand stands here."),
        (
            Way(_("Say what you do for regulars"), "taskkind:index", ("mechanisms.view_taskkind",)),
            Way(_("Who is likely to become one"), "mechanisms:regulars", ("mechanisms.view_mechanismrules",)),
        ),
        well=_("Nothing waits for you."),
    ),
    "tasks_done": Place(_("What you have done for your regulars by hand is kept here.")),
    "voices": Place(
        _(
            "Whoever answers a survey that they are satisfied is asked for their words. You can also ask by a block in "
            "a message, or on a person's page."
        ),
        (_SURVEYS, _MESSAGES),
        well=_("No voice waits for you."),
    ),
    "voices_other": Place(_("There is no voice here yet. Look at those that came in first.")),
    "orders": Place(
        _("There is no order yet. They come by themselves once your shop is connected; you can also enter one."),
        (_CONNECT, Way(_("Bring in past orders from a file"), "imports:add", ("imports.add_import",))),
    ),
    "subscriptions": Place(
        _("No subscription stands so. They come by themselves once your shop tells of them."), (_CONNECT,)
    ),
    "broadcasts": Place(
        _("There is no broadcast yet. Write a message that helps, publish it, then begin a draft here."), (_MESSAGES,)
    ),
    "outcomes": Place(
        _("No message went out or was kept back on this day. Look at another day, or at what is going to be sent."),
        (
            Way(_("Go to the broadcasts"), "broadcasts:list", ("broadcasts.view_broadcast",)),
            Way(_("Go to the journeys"), "journeys:list", ("journeys.view_journey",)),
        ),
    ),
    "outcomes_failed": Place(
        _("Messages that a mail server did not take stand here, with what it said."),
        well=_("Nothing failed on this day."),
    ),
    "imports": Place(
        _(
            "No file was sent in yet. Save your customers or orders as a file (CSV) in your shop or your mail service, "
            "and send it in here: you see what would happen before anything is kept."
        )
    ),
    "stuck": Place(
        _(
            "When something that should have followed fails, it is kept here with what to do, and the first screen "
            "says so."
        ),
        well=_("Nothing is stuck. All is well."),
    ),
    "mailbox": Place(
        _("No mail yet. Fill in a form on one of your pages: the confirmation mail appears here."), (_PAGES,)
    ),
    "connectors": Place(
        _("No shop is connected yet. Choose below where you sell; the next screen says what to do there, step by step.")
    ),
    "webhooks": Place(
        _(
            "No system is told anything yet. You need this only if another system, such as that of your shipping, is "
            "to do something when a person comes to a step of a journey."
        )
    ),
    "pictures": Place(_("There are no pictures yet. Those that you upload here can be put on pages and into mails.")),
    "history": Place(_("Nothing was changed yet. Who changes what, and when, is written down here by itself.")),
}
