"""Why a message did or did not reach somebody, in the words of a shop, with what can be done about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jouren.backoffice.policy.wording import why_held
from jouren.catalog.eligibility import Reason
from jouren.catalog.offers.models import Offer
from jouren.contacts.models import SuppressionReason
from jouren.contacts.queries import Withdrawal
from jouren.messaging.channels.base import channel
from jouren.messaging.vocabulary import State

_WITHHELD = {
    "erased": (
        gettext_lazy("This person was erased."),
        gettext_lazy("Nothing is sent to erased people. There is nothing to do."),
    ),
    "no_address": (
        gettext_lazy("There is no mail address."),
        gettext_lazy("Ask for the address, for example with a form."),
    ),
    "no_consent": (
        gettext_lazy("They have not agreed to receive this topic."),
        gettext_lazy("They can agree themselves, by a form or on their preference page. Do not agree in their place."),
    ),
    "unsubscribed": (
        gettext_lazy("They unsubscribed from this topic."),
        gettext_lazy("Respect it. They can subscribe again themselves."),
    ),
    "control_group": (
        gettext_lazy("They are in the control group, which gets no marketing, so that you see what marketing brings."),
        gettext_lazy("This is as chosen. You can change the control group under Sending rules."),
    ),
    "no_order": (
        gettext_lazy("It names an order, and this walk through the journey is about none that is known."),
        gettext_lazy("People whom you put in by hand have no order there. Send them a message that names none."),
    ),
    "journey_left": (
        gettext_lazy("They had reached the journey's goal, or left it, before the message went out."),
        gettext_lazy("This is as it should be: nobody gets an offer for what they have just bought."),
    ),
    "overdue": (
        gettext_lazy("Its journey was paused when it was due, and whoever resumed it chose to skip what was overdue."),
        gettext_lazy("This is as chosen. They go on with the journey's next step."),
    ),
    "restored": (
        gettext_lazy("It was due before Jouren was restored from a backup, and may have been sent before that."),
        gettext_lazy("This is as chosen when sends were released. Write again if you know that it did not come."),
    ),
    "answered": (
        gettext_lazy("They had answered the first sending meanwhile, so the second one was not needed."),
        gettext_lazy("There is nothing to do."),
    ),
    "merged": (
        gettext_lazy("They were merged with another person, who gets the same message."),
        gettext_lazy("There is nothing to do."),
    ),
    "cancelled": (
        gettext_lazy("The sending was cancelled before it went out."),
        gettext_lazy("Send it again if it was cancelled by mistake."),
    ),
}
_SUPPRESSED = {
    SuppressionReason.UNNEEDED: (
        gettext_lazy("They are to get no more unneeded messages."),
        gettext_lazy("They showed no interest, so a journey left them in peace. Allow messages again if they ask."),
    ),
    SuppressionReason.UNSUBSCRIBED: (
        gettext_lazy("They unsubscribed."),
        gettext_lazy("Respect it. They can subscribe again themselves."),
    ),
    SuppressionReason.HARD_BOUNCE: (
        gettext_lazy("Their mail address does not exist any more."),
        gettext_lazy("Ask for the new address. Once it is confirmed, messages go again."),
    ),
    SuppressionReason.COMPLAINT: (
        gettext_lazy("They reported a message as spam."),
        gettext_lazy("Do not write to them, and look at what was sent to them before."),
    ),
    SuppressionReason.MANUAL: (
        gettext_lazy("Somebody of the shop stopped messages to them."),
        gettext_lazy("Allow messages again on their page when the reason is gone."),
    ),
    SuppressionReason.ERASED: _WITHHELD["erased"],
    SuppressionReason.NOT_BOUGHT: (
        gettext_lazy("They were invited often enough without buying and are left in peace: they get no promotion."),
        gettext_lazy("Nothing needs to be done. Help still reaches them, and they may come back by themselves."),
    ),
    SuppressionReason.DISSATISFIED: (
        gettext_lazy("They were not satisfied after use and are left in peace: they get no promotion."),
        gettext_lazy("Write to them yourself, and help. Promotion goes again when they answer better or buy."),
    ),
    SuppressionReason.IN_PEACE: (
        gettext_lazy("The shop leaves them in peace: they get no promotion."),
        gettext_lazy("Send promotion again from their page when the reason is gone."),
    ),
    SuppressionReason.LAPSED: (
        gettext_lazy("They had lapsed, were invited often enough since and are left in peace: they get no promotion."),
        gettext_lazy("Nothing needs to be done. Help still reaches them, and they may come back by themselves."),
    ),
}


# The same of many messages: reasons without what they say of one person, offer or limit.
_MANY = {
    "offer": gettext_lazy("The offer in it is not open to them"),
    "ready": gettext_lazy("Help comes before an offer, and too little had helped"),
    "late:ready": gettext_lazy("It would have had to wait too long: help comes before an offer"),
    "journey": gettext_lazy("A journey that comes before this one wrote to them on that day"),
    "late:journey": gettext_lazy("It would have had to wait too long: another journey came first"),
    "cap": gettext_lazy("They had got as many messages as the sending rules allow"),
    "late:cap": gettext_lazy("It would have had to wait too long: as many messages as the sending rules allow"),
}
# Both: what was kept as "no_consent" before there was "unsubscribed" may be either.
CONSENT_REASONS = frozenset({"no_consent", "unsubscribed"})
_WAYS_OUT = {
    "unsubscribe": gettext_lazy("with the unsubscribe link of a mail"),
    "preferences": gettext_lazy("on their preference page"),
    "staff": gettext_lazy("through the shop"),
    "import": gettext_lazy("by an import"),
}


@dataclass(frozen=True)
class Explanation:
    """Why, and what to do. ``detail`` is what a mail server answered, as it wrote it."""

    why: str
    remedy: str = ""
    detail: str = ""


def why_withheld(reason: str) -> tuple[str, str]:
    """A gate's reason as a sentence, and what can be done. Another room's own reason stands for itself."""
    if (held := why_held(reason, None)) is not None:
        return held
    word, _colon, detail = reason.partition(":")
    if word == "suppressed" and detail in SuppressionReason.values:
        why, remedy = _SUPPRESSED[SuppressionReason(detail)]
    elif word in _WITHHELD:
        why, remedy = _WITHHELD[word]
    elif word == "offer":
        return _why_without_offer(detail)
    else:
        return reason, ""
    return str(why), str(remedy)


def _why_without_offer(detail: str) -> tuple[str, str]:
    """Why the offer in a message was closed to them: ``<reason>:<offer>``."""
    reason, _colon, number = detail.partition(":")
    offer = Offer.objects.filter(pk=int(number)).first() if number.isdecimal() else None
    label = Reason(reason).label if reason in Reason.values else reason
    why = _("The offer “%(offer)s” in it is not open to them: %(reason)s.") % {
        "offer": offer.name if offer else "?",
        "reason": label,
    }
    return why, _("Nothing needs to be done. They go on with what comes next.")


def reason_label(reason: object) -> str:
    """The sentence of a reason without its full stop, for use inside another sentence."""
    return why_withheld(str(reason))[0].rstrip("。.")


def label_of_reason(reason: str) -> str:
    """Why many messages did not go (``DayOfMessages.withheld``), as a sentence without its full stop."""
    return str(_MANY[reason]) if reason in _MANY else reason_label(reason)


def channel_label(name: str) -> str:
    """The name of a channel; one that is not there any more stands for itself."""
    try:
        return str(channel(name).label)
    except LookupError:
        return name


def explain(
    state: int,
    reason: str,
    error: str = "",
    try_at: datetime | None = None,
    *,
    is_held: bool = False,
    withdrawal: Withdrawal | None = None,
) -> Explanation:
    """How a delivery stands: why, what to do, and what the mail server said.

    ``try_at`` is when it is tried next. ``is_held``: its journey or broadcast is paused. ``withdrawal``: what the
    person had taken back.
    """
    match State(state):
        case State.SUPPRESSED:
            if withdrawal is not None and reason in CONSENT_REASONS:
                return _explain_withdrawal(withdrawal)
            return Explanation(*why_withheld(reason))
        case State.FAILED:
            return Explanation(
                _("The mail server did not take it."),
                _("Check the address. A full mailbox or a rejected content can be sent to again later."),
                error,
            )
        case State.UNKNOWN:
            return Explanation(
                _("The connection broke while it was handed over."),
                _("It may have arrived. To be sure that nobody gets it twice, it is not sent again."),
                error,
            )
        case State.PLANNED:
            return _explain_held() if is_held else _explain_waiting(reason, error, try_at)
        case State.ATTEMPTING:
            return Explanation(_("It is being handed over right now."))
        case State.SENT:
            return Explanation(_("The mail server took it."))


def _explain_withdrawal(withdrawal: Withdrawal) -> Explanation:
    when = date_format(timezone.localtime(withdrawal.at), "DATETIME_FORMAT")
    way = _WAYS_OUT.get(withdrawal.via)
    text = (
        _("On %(when)s they unsubscribed from this topic, %(way)s.")
        if way
        else _("On %(when)s they unsubscribed from this topic.")
    )
    return Explanation(text % {"when": when, "way": way}, str(_WITHHELD["unsubscribed"][1]))


def _explain_held() -> Explanation:
    return Explanation(
        _("What it belongs to, a journey or a broadcast, is paused, and its messages wait."),
        _("It goes out once that is resumed, unless it is no longer wanted by then."),
    )


def _explain_waiting(reason: str, error: str, try_at: datetime | None) -> Explanation:
    if try_at is not None and (held := why_held(reason, try_at)) is not None:
        return Explanation(*held)
    if reason == "retry":
        return Explanation(
            _("The mail server asked to try again later."), _("It is tried again by itself. Nothing to do."), error
        )
    if reason == "rate":
        return Explanation(_("It waits its turn: so many messages a second are allowed."))
    return Explanation(_("It goes out when its time comes."))
