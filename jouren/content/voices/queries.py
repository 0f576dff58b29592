"""What reads voices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Count
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from jouren.catalog.models import Product
from jouren.content.voices.models import Voice
from jouren.content.voices.policies import credited
from jouren.content.voices.vocabulary import Given, State
from jouren.inbox.models import SurveyAnswer
from jouren.messaging.voices import Wanted

_MOST_OFFERED, _WORDS_OFFERED = 300, 40


def voices_shown(wanted: Wanted) -> list[Voice]:
    """The approved voices that are wanted: those chosen by hand in their order, or the newest."""
    approved = Voice.objects.filter(state=State.APPROVED).select_related("product")
    if wanted.chosen:
        found = {voice.pk: voice for voice in approved.filter(pk__in=wanted.chosen)}
        return [found[pk] for pk in wanted.chosen if pk in found][: wanted.most]
    if wanted.product:
        approved = approved.filter(product=wanted.product)
    return list(approved.order_by("-decided_at", "-pk")[: wanted.most])


def told(voice: Voice) -> dict[str, Any]:
    """A voice as pages and messages show it, in the active language. Plain text: escape it."""
    language = get_language() or ""
    about = [voice.get_age_group_display(), voice.get_prefecture_display()]
    return {
        "text": voice.text,
        "lines": voice.text.split("\n"),
        "name": credited(voice.shown_name, language),
        "about": " · ".join(each for each in about if each),
        "mark": mark_of(voice.given),
        "product": voice.product.name if voice.product else "",
    }


def mark_of(given: str) -> str:
    """What stands beside words for which something was given; empty where nothing was."""
    if given == Given.SAMPLE:
        return _("PR: they were given a sample or a gift by us")
    if given == Given.DISCOUNT:
        return _("PR: they were given a discount, coupon or points by us")
    return ""


def tell_shown(wanted: Wanted) -> list[dict[str, Any]]:
    """The wanted voices as messages show them."""
    return [told(voice) for voice in voices_shown(wanted)]


def product_choices() -> list[tuple[str, str]]:
    """Products by name, each with how many voices are shown of it, for editors."""
    approved = Voice.objects.filter(state=State.APPROVED)
    counts = dict(approved.values_list("product").annotate(number=Count("pk")).order_by())
    return [
        (str(pk), _("%(name)s (%(number)s to show)") % {"name": name, "number": counts[pk]})
        if counts.get(pk)
        else (str(pk), _("%(name)s (none approved yet: nothing is shown)") % {"name": name})
        for pk, name in Product.objects.order_by("name").values_list("pk", "name")
    ]


def voice_choices() -> list[tuple[str, str]]:
    """The approved voices by their beginnings, for choosing by hand."""
    approved = Voice.objects.filter(state=State.APPROVED).select_related("product")
    return [
        (str(voice.pk), f"{voice.product or '—'}: {' '.join(voice.text.split())[:_WORDS_OFFERED]} ({voice.key})")
        for voice in approved.order_by("product__name", "-decided_at", "-pk")[:_MOST_OFFERED]
    ]


def invitation_of(answer: SurveyAnswer) -> Voice | None:
    """The voice that somebody is asked for who has answered that survey; None where they are not asked any more."""
    own = Voice.objects.filter(contact=answer.contact_id, product=answer.product_id)
    return own.filter(state=State.ASKED).order_by("-pk").first()


def voice_of(contact_id: int, product_id: int | None) -> Voice | None:
    """Somebody's voice about a product."""
    own = Voice.objects.filter(contact=contact_id, product=product_id).select_related("product", "contact")
    return own.order_by("-changed_at", "-pk").first()


def voices_of_person(contact_id: int) -> list[Voice]:
    """All voices of a person, the newest first."""
    return list(Voice.objects.filter(contact_id=contact_id).select_related("product").order_by("-changed_at", "-pk"))


def voices_of_product(product_id: int, limit: int) -> tuple[list[Voice], dict[str, int]]:
    """The newest shown voices of a product, and how many there are by state."""
    own = Voice.objects.filter(product_id=product_id)
    shown = own.filter(state=State.APPROVED).order_by("-decided_at", "-pk")[:limit]
    return list(shown), dict(own.values_list("state").annotate(number=Count("pk")).order_by())


def count_by_state() -> dict[str, int]:
    """How many voices there are of each state."""
    return dict(Voice.objects.values_list("state").annotate(number=Count("pk")).order_by())


def count_waiting() -> int:
    """How many voices wait for a person."""
    return Voice.objects.filter(state=State.RECEIVED).count()


def voices_in(state: str, limit: int) -> Sequence[Voice]:
    """Voices of a state: what waits the oldest first, anything else the newest first."""
    order = ("changed_at", "pk") if state == State.RECEIVED else ("-changed_at", "-pk")
    return list(Voice.objects.filter(state=state).select_related("product", "contact").order_by(*order)[:limit])
