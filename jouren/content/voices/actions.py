"""What writes voices: asking, giving and withdrawing one; and what staff decide."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.utils.translation import gettext as _
from wagtail.log_actions import log

from jouren.contacts.actions import keep_consent_text
from jouren.contacts.actions.base import locked
from jouren.contacts.models import Contact
from jouren.contacts.policies import clean_text
from jouren.content.voices.errors import AskedBefore, BadVoice, ChangedMeanwhile, NotApproved
from jouren.content.voices.lint import Finding, lint
from jouren.content.voices.models import Voice
from jouren.content.voices.policies import (
    FEWEST_CHARACTERS,
    MOST_CHARACTERS,
    MOST_OF_NAME,
    Names,
    clean_words,
    name_shown,
    passages,
)
from jouren.content.voices.vocabulary import AgeGroup, Given, NameForm, Prefecture, State
from jouren.core import clock
from jouren.events.actions import NewEvent, record_event
from jouren.inbox.models import SurveyAnswer
from jouren.inbox.policies import is_satisfied
from jouren.inbox.queries import last_satisfaction

MAX_NOTE_LENGTH = 1_000


@dataclass(frozen=True, slots=True)
class Words:
    """What somebody fills in. ``permission``: the text beside the box that they ticked; empty: they did not."""

    text: str
    name_form: str
    nickname: str = ""
    age_group: str = ""
    prefecture: str = ""
    permission: str = ""


def names_of(contact: Contact) -> Names:
    """A person's names, for choosing how they are shown."""
    return Names(contact.family_name, contact.given_name, contact.family_kana, contact.given_kana, contact.language)


@transaction.atomic
def ask_for_voice(
    contact_id: int, product_id: int | None, *, given: str = Given.NOTHING, by: AbstractBaseUser | None = None
) -> Voice:
    """Note that somebody is asked for their words about a product. Who is asked already is not asked twice.

    Raises:
        AskedBefore: they have given their words, or withdrew them, or these were declined.
        BadVoice: nothing of that kind can be given.
        ContactNotFound: the person is gone.
    """
    if given not in Given.values:
        raise BadVoice(_("Say what they are given."), "given")
    contact = locked(contact_id)
    voice = _latest(contact.pk, product_id)
    if voice is not None and voice.state != State.ASKED:
        raise AskedBefore(_("This person has already given their words about it, or said no."))
    now = clock.now()
    is_new = voice is None
    if voice is None:
        voice = Voice(contact=contact, product_id=product_id, asked_at=now)
    elif voice.given == given:
        return voice
    voice.given, voice.changed_at = given, now
    voice.save()
    if is_new:
        _tell("voice.asked", voice, now)
    _log(voice, "ask_for_voice", by)
    return voice


def invite_satisfied(answer: SurveyAnswer) -> None:
    """Whoever answers a survey that they are satisfied is asked on the page that thanks them."""
    if is_satisfied(answer.satisfaction) and _latest(answer.contact_id, answer.product_id) is None:
        ask_for_voice(answer.contact_id, answer.product_id)


@transaction.atomic
def give_voice(contact_id: int, product_id: int | None, words: Words, *, given: str = Given.NOTHING) -> Voice:
    """Keep somebody's words and their permission. What was shown of them before is not shown until it is approved anew.

    ``given``: what a message promised in return; what staff wrote down before stays.

    Raises:
        BadVoice: too short or long, no name of that form, no permission.
        ContactNotFound: the person is gone.
    """
    contact = locked(contact_id)
    text, shown_name = _check(contact, words)
    voice = _latest(contact.pk, product_id) or Voice(contact=contact, product_id=product_id)
    fresh = {
        "original": text,
        "name_form": words.name_form,
        "shown_name": shown_name,
        "age_group": words.age_group,
        "prefecture": words.prefecture,
    }
    is_held = voice.state in {State.RECEIVED, State.APPROVED, State.DECLINED}
    if is_held and all(getattr(voice, name) == value for name, value in fresh.items()):
        return voice
    now = clock.now()
    for name, value in fresh.items():
        setattr(voice, name, value)
    if voice.given == Given.NOTHING and given in Given.values:
        voice.given = given
    voice.text, voice.state, voice.note = text, State.RECEIVED, ""
    voice.permission, voice.permitted_at = keep_consent_text(words.permission), now
    voice.satisfaction = last_satisfaction(contact.pk, product_id)
    voice.received_at = voice.changed_at = now
    voice.withdrawn_at = voice.decided_at = voice.decided_by = None
    voice.save()
    _tell("voice.received", voice, now)
    return voice


@transaction.atomic
def withdraw_voice(voice_id: int) -> Voice:
    """Show somebody's words no longer, at their own wish; safe to repeat.

    Raises:
        Voice.DoesNotExist: there is none of that id.
        ContactNotFound: the person is gone.
    """
    contact_id = Voice.objects.values_list("contact_id", flat=True).get(pk=voice_id)
    locked(contact_id or 0)
    voice = Voice.objects.select_for_update(no_key=True).get(pk=voice_id)
    if voice.state != State.WITHDRAWN:
        now = clock.now()
        voice.state, voice.withdrawn_at, voice.changed_at = State.WITHDRAWN, now, now
        voice.save()
        _tell("voice.withdrawn", voice, now)
    return voice


@transaction.atomic
def approve_voice(
    voice_id: int,
    text: str,
    *,
    given: str,
    seen: datetime,
    accepts_doubts: bool = False,
    note: str = "",
    by: AbstractBaseUser,
) -> Voice:
    """Show somebody's words from now on: as they are, or with passages left out. ``seen``: its ``changed_at`` then.

    Raises:
        ChangedMeanwhile: it is not what was looked at any more.
        NotApproved: it says what the law forbids, or doubts of it were not accepted, or nobody permitted it.
        BadVoice: the text is more than a shortening; ``field`` names what is wrong.
    """
    voice = _held(voice_id, seen)
    if voice.permitted_at is None or voice.contact_id is None or voice.state in {State.ASKED, State.WITHDRAWN}:
        raise NotApproved(_("Nobody permits to show this."))
    shown = clean_words(text)
    if passages(voice.original, shown) is None:
        message = _("You may only leave passages out, each marked by “…”. Nothing else may be changed.")
        raise BadVoice(message, "text")
    if given not in Given.values:
        raise BadVoice(_("Say what they are given."), "given")
    findings = lint(shown, voice.product.goods if voice.product else "", given)
    _refuse(findings, accepts_doubts)
    voice.text, voice.given, voice.state = shown, given, State.APPROVED
    _decide(voice, note, by)
    _tell("voice.approved", voice, clock.now())
    doubts = sorted({finding.rule for finding in findings})
    _log(voice, "approve_voice", by, given=given, is_shortened=voice.is_shortened, doubts=doubts)
    return voice


@transaction.atomic
def decline_voice(voice_id: int, *, seen: datetime, note: str = "", by: AbstractBaseUser) -> Voice:
    """Do not show somebody's words, or no longer.

    Raises:
        ChangedMeanwhile: it is not what was looked at any more.
        NotApproved: there is nothing to decide.
        BadVoice: the note is too long.
    """
    voice = _held(voice_id, seen)
    if voice.state not in {State.RECEIVED, State.APPROVED}:
        raise NotApproved(_("There is nothing to decide about this voice now."))
    voice.state = State.DECLINED
    _decide(voice, note, by)
    _log(voice, "decline_voice", by)
    return voice


def _check(contact: Contact, words: Words) -> tuple[str, str]:
    """The text and the name as they are kept. Raises BadVoice."""
    if (
        len(words.text) > 4 * MOST_CHARACTERS
        or not FEWEST_CHARACTERS <= len(text := clean_words(words.text)) <= MOST_CHARACTERS
    ):
        limits = {"fewest": FEWEST_CHARACTERS, "most": MOST_CHARACTERS}
        raise BadVoice(_("Please write %(fewest)s to %(most)s characters.") % limits, "text")
    nickname = clean_text(words.nickname[: 8 * MOST_OF_NAME])
    if words.name_form == NameForm.NICKNAME and not 0 < len(nickname) <= MOST_OF_NAME:
        message = _("Please write the name, with at most %(limit)s characters.") % {"limit": MOST_OF_NAME}
        raise BadVoice(message, "nickname")
    shown_name = name_shown(words.name_form, names_of(contact), nickname)
    if words.name_form not in NameForm.values or shown_name is None:
        raise BadVoice(_("Please choose one of the names."), "name_form")
    if words.age_group not in {"", *AgeGroup.values}:
        raise BadVoice(_("Please choose one of the answers."), "age_group")
    if words.prefecture not in {"", *Prefecture.values}:
        raise BadVoice(_("Please choose one of the answers."), "prefecture")
    if not words.permission.strip():
        raise BadVoice(_("Without your permission we cannot show your words."), "permits")
    return text, shown_name


def _refuse(findings: list[Finding], accepts_doubts: bool) -> None:
    forbidden = [finding for finding in findings if finding.is_forbidden]
    if forbidden:
        words = "、".join(f"“{finding.words}”" for finding in forbidden if finding.words)
        raise NotApproved(_("The law does not allow to show this: %(words)s") % {"words": words})
    if findings and not accepts_doubts:
        raise NotApproved(_("Some of it is doubtful. Look at each place, then tick that you did."))


def _held(voice_id: int, seen: datetime) -> Voice:
    voice = Voice.objects.select_for_update(no_key=True, of=("self",)).select_related("product").get(pk=voice_id)
    if voice.changed_at != seen:
        raise ChangedMeanwhile(_("This voice was changed meanwhile. Please look at it once more."))
    return voice


def _decide(voice: Voice, note: str, by: AbstractBaseUser) -> None:
    note = clean_text(note)
    if len(note) > MAX_NOTE_LENGTH:
        raise BadVoice(_("Write at most %(limit)s characters.") % {"limit": MAX_NOTE_LENGTH}, "note")
    voice.note, voice.decided_by_id = note, by.pk
    voice.decided_at = voice.changed_at = clock.now()
    voice.save()


def _latest(contact_id: int, product_id: int | None) -> Voice | None:
    """The person's voice about the product; the caller holds the person's lock, or only looks."""
    own = Voice.objects.filter(contact=contact_id, product=product_id)
    return own.select_related("product").order_by("-changed_at", "-pk").first()


def _tell(event: str, voice: Voice, now: datetime) -> None:
    assert voice.contact_id is not None
    payload = {"voice": voice.pk, "key": voice.key}
    if voice.product is not None:
        payload |= {"product": voice.product.pk, "title": voice.product.name}
    record_event(NewEvent(event, voice.contact_id, payload, occurred_at=now))


def _log(voice: Voice, act: str, by: AbstractBaseUser | None, **data: object) -> None:
    """Into the audit log, without anybody's words: these go with their person."""
    if by is not None:
        log(instance=voice, action=f"content.{act}", user=by, title=voice.key, data=data)
