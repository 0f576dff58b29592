"""Offers: the list, an offer's page with what it did, and the form that adds or changes one."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import View
from wagtail.admin import messages

from jouren.backoffice.offers.forms import LAW_FIELDS, OfferForm
from jouren.backoffice.offers.wording import history, reason_text, warnings, when_text, whom_lines
from jouren.backoffice.screens import Act, CountedScreen, PermissionAsked, Screen
from jouren.catalog.eligibility import PersonFacts, judge
from jouren.catalog.errors import BadOffer
from jouren.catalog.offers.actions import save_offer
from jouren.catalog.offers.models import Offer, OfferApplication, OfferSight
from jouren.catalog.offers.queries import (
    Reach,
    coupon_figures,
    open_terms,
    refusals_by_reason,
)
from jouren.catalog.offers.vocabulary import ApplicationState
from jouren.catalog.offers.wording import button_text, confirmation_items, moment_text
from jouren.conditions.errors import ConditionError, TooManyToCount
from jouren.contacts.policies import display_name
from jouren.core import clock
from jouren.core.errors import UserError
from jouren.core.money import money_text
from jouren.messaging.models import Delivery, MessageVersion
from jouren.messaging.vocabulary import State
from jouren.orders.models import Order
from jouren.orders.queries import revenue_of_offer
from jouren.orders.transfers import move_transfer
from jouren.reports.kept import Kept
from jouren.reports.offers import reach_now

PAGE = 200
ORDERS = 50
MESSAGE_VERSIONS = 500
HISTORY = 20
ICON = "gift"
PARENTS = (("offers:list", gettext_lazy("Offers")),)


@dataclass(frozen=True)
class Row:
    """An offer in the list, with its figures in words. ``taken``: paid for, or used; ``waiting``: not paid yet."""

    offer: Offer
    price: str
    when: str
    whom: list[str]
    seen: int
    taken: int
    waiting: int


class OffersScreen(Screen):
    """The offers that stand, by name."""

    permissions = ("catalog.view_offer",)
    template_name = "backoffice/offers/list.html"
    page_title = gettext_lazy("Offers")
    header_icon = ICON
    is_withdrawn = False

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        after = self.request.GET.get("after", "")[:100]
        offers = Offer.objects.filter(is_open=not self.is_withdrawn, name__gt=after).select_related("product")
        listed = list(offers.order_by("name")[: PAGE + 1])
        return {
            **super().get_context_data(**kwargs),
            "rows": rows_of(listed[:PAGE]),
            "tab": "withdrawn" if self.is_withdrawn else "open",
            "has_withdrawn": Offer.objects.filter(is_open=False).exists(),
            "next": urlencode({"after": listed[PAGE - 1].name}) if len(listed) > PAGE else "",
            "is_later_page": bool(after),
            "may_add": self.request.user.has_perm("catalog.add_offer"),
        }


class WithdrawnScreen(OffersScreen):
    """What is not offered any more."""

    page_title = gettext_lazy("Withdrawn offers")
    parents = PARENTS
    is_withdrawn = True


def rows_of(offers: list[Offer]) -> list[Row]:
    """Offers as the list tells them."""
    ids = [offer.pk for offer in offers]
    seen = dict(OfferSight.objects.filter(offer__in=ids).values_list("offer").annotate(Count("pk")))
    counted = OfferApplication.objects.filter(offer__in=ids).values_list("offer", "state").annotate(Count("pk"))
    orders = {(offer_id, state): number for offer_id, state, number in counted}
    return [
        Row(
            offer,
            money_text(offer.price, offer.currency),
            when_text(offer),
            whom_lines(offer),
            seen.get(offer.pk, 0),
            orders.get((offer.pk, ApplicationState.SETTLED), 0),
            orders.get((offer.pk, ApplicationState.REQUESTED), 0),
        )
        for offer in offers
    ]


class _OfOffer:
    kwargs: dict[str, Any]

    @cached_property
    def offer(self) -> Offer:
        """The offer that the URL names. Raises Http404."""
        return get_object_or_404(Offer.objects.select_related("product"), pk=self.kwargs["pk"])


@dataclass(frozen=True)
class OrderLine:
    """Somebody who took it.

    ``name`` and ``url`` are empty for staff who may not see people, ``order_url`` for staff who may not see orders, and
    where no system of the shop told of one.
    """

    order: OfferApplication
    price: str
    name: str
    url: str
    order_url: str

    @property
    def is_waiting(self) -> bool:
        """Whether the money has not come yet."""
        return bool(self.order.state == ApplicationState.REQUESTED)


Withheld = list[tuple[str, int]]
"""Reasons in words, each with how many messages it kept back, the most first."""


@dataclass(frozen=True)
class MessageLine:
    """A message that shows the offer, and how often it did not go because the offer was closed to the person."""

    name: str
    url: str
    withheld: Withheld


class OfferScreen(_OfOffer, CountedScreen):
    """One offer: whom it reaches, what it did, its coupons and orders, what was changed."""

    permissions = ("catalog.view_offer",)
    template_name = "backoffice/offers/offer.html"
    parents = PARENTS
    header_icon = ICON

    def get_page_title(self) -> str:
        return self.offer.name

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        offer, user = self.offer, self.request.user
        kept, reach_problem = _reach(offer)
        reach = kept.answer if kept else None
        row = rows_of([offer])[0]
        figures = coupon_figures(offer)
        coupons = [(coupon, figures.get(coupon.pk)) for coupon in offer.coupons.all()]
        showing, withheld = _messages(offer) if user.has_perm("messaging.view_message") else ([], [])
        return {
            **super().get_context_data(**kwargs),
            "offer": offer,
            "row": row,
            "regular_price": money_text(offer.product.price, offer.currency) if _is_cheaper(offer) else "",
            "reach": reach,
            "kept": kept,
            "reach_problem": reach_problem,
            "warnings": warnings(offer, reach),
            "left": None if offer.stock is None else max(offer.stock - row.taken - row.waiting, 0),
            "refusals": [(reason_text(reason), people) for reason, people in refusals_by_reason(offer)],
            "messages_showing": showing,
            "withheld": withheld,
            "coupons": coupons,
            "coupon_uses": sum(each.uses for each in figures.values()),
            "coupon_cost": money_text(sum(each.cost for each in figures.values()), offer.currency),
            "revenue": [money_text(amount, currency) for currency, amount in revenue_of_offer(offer.pk)],
            **self._orders(),
            "history": history(offer, HISTORY),
            "may_change": user.has_perm("catalog.change_offer"),
        }

    def _orders(self) -> dict[str, Any]:
        """Those who took it, the last first, a page of them."""
        user, orders = self.request.user, self.offer.applications.select_related("contact").order_by("-at", "-pk")
        before = self.request.GET.get("before", "")
        last = (
            self.offer.applications.filter(pk=int(before)).first() if before.isdecimal() and len(before) < 19 else None
        )
        if last is not None:
            orders = orders.filter(Q(at__lt=last.at) | Q(at=last.at, pk__lt=last.pk))
        found = list(orders[: ORDERS + 1])
        urls = _order_urls(found[:ORDERS]) if user.has_perms(("orders.view_order", "contacts.view_contact")) else {}
        may_see_people = user.has_perm("contacts.view_contact")
        lines = []
        for order in found[:ORDERS]:
            person = order.contact
            name = display_name(person.family_name, person.given_name, person.language) if may_see_people else ""
            is_there = may_see_people and person.erased_at is None
            url = reverse("people:person", args=[person.public_id]) if is_there else ""
            order_url = urls.get((order.source, order.order_ref), "")
            lines.append(OrderLine(order, money_text(order.price, order.currency), name, url, order_url))
        return {
            "orders": lines,
            "next_orders": found[ORDERS - 1].pk if len(found) > ORDERS else None,
            "is_later_page": last is not None,
        }


def _reach(offer: Offer) -> tuple[Kept[Reach] | None, str]:
    try:
        return reach_now(offer), ""
    except TooManyToCount:
        return None, _("Counting takes too long at the moment. Load the page again later.")
    except ConditionError as error:
        return None, _("For whom it is cannot be asked any more: %(problem)s") % {"problem": error}


def _messages(offer: Offer) -> tuple[list[MessageLine], Withheld]:
    """The messages that show it, and how often all of them together did not go because it was closed."""
    showing = MessageVersion.objects.filter(offers__contains=[offer.pk]).select_related("message")
    versions = list(showing.order_by("-pk")[:MESSAGE_VERSIONS])
    by_message: dict[int, list[MessageVersion]] = {}
    for version in versions:
        if version.message_id is not None:
            by_message.setdefault(version.message_id, []).append(version)
    counted = (
        Delivery.objects.filter(
            message_version__in=[version.pk for version in versions],
            state=State.SUPPRESSED,
            reason__startswith="offer:",
            reason__endswith=f":{offer.pk}",
        )
        .values_list("message_version", "reason")
        .annotate(Count("pk"))
        .order_by("reason")
    )
    held: dict[int, Counter[str]] = defaultdict(Counter)
    for version_id, reason, number in counted:
        held[version_id][reason.split(":")[1]] += number
    lines = [
        MessageLine(
            known[0].name,
            reverse("messages:inspect", args=[message_id]),
            _withheld(held[version.pk] for version in known),
        )
        for message_id, known in by_message.items()
    ]
    return lines, _withheld(held.values())


def _withheld(counts: Iterable[Counter[str]]) -> Withheld:
    total: Counter[str] = sum(counts, Counter())
    return [(reason_text(reason), number) for reason, number in total.most_common()]


def _is_cheaper(offer: Offer) -> bool:
    return offer.currency == offer.product.currency and offer.price < offer.product.price


def _order_urls(taken: Iterable[OfferApplication]) -> dict[tuple[str, str], str]:
    """Where the orders are that the shop's systems told of, by source and number."""
    wanted = {(each.source, each.order_ref) for each in taken}
    found = Order.objects.filter(number__in={number for _source, number in wanted})
    return {
        (source, number): reverse("orders:order", args=[pk])
        for pk, source, number in found.values_list("pk", "source", "number")
        if (source, number) in wanted
    }


class _Editor(Screen):
    """GET shows the form; POST saves it or says what is wrong, at its field."""

    template_name = "backoffice/offers/edit.html"
    parents = PARENTS
    header_icon = ICON

    @property
    def edited(self) -> Offer:
        """What is written into."""
        return Offer()

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Save the offer."""
        offer = self.edited
        form = OfferForm(request.POST, offer=offer)
        if form.is_valid():
            form.put_into(offer)
            try:
                save_offer(offer, by=self.staff)
            except BadOffer as error:
                form.add_error(error.field or None, str(error))
            else:
                messages.success(request, _("The offer “%(name)s” is saved.") % {"name": offer.name})
                return redirect("offers:offer", offer.pk)
        return self.render_to_response(self.get_context_data(form=form))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        form = kwargs.get("form") or OfferForm(offer=self.edited)
        back = reverse("offers:offer", args=[self.edited.pk]) if self.edited.pk else reverse("offers:list")
        return {**context, "form": form, "media": form.media, "back": back, "law": [form[name] for name in LAW_FIELDS]}


class AddScreen(_Editor):
    """A new offer."""

    permissions = ("catalog.add_offer",)
    page_title = gettext_lazy("Add an offer")


class EditScreen(_OfOffer, _Editor):
    """Another price, time or audience; withdrawing it."""

    permissions = ("catalog.change_offer",)

    def get_page_title(self) -> str:
        return _("Change “%(name)s”") % {"name": Offer.objects.get(pk=self.offer.pk).name}

    @property
    def edited(self) -> Offer:
        return self.offer


class PageScreen(_OfOffer, PermissionAsked, View):
    """The public page as somebody sees it to whom the offer is open. Its button does nothing."""

    permissions = ("catalog.view_offer",)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show it. Nobody's deadline begins."""
        offer = self.offer
        verdict = judge(open_terms(offer)._replace(ends_at=None), PersonFacts(), clock.now())
        verdict = verdict._replace(deadline=offer.ends_at)
        context = {
            "offer": offer,
            "price": money_text(offer.price, offer.currency),
            "deadline": moment_text(offer.ends_at) if offer.ends_at else "",
            "hours": verdict.hours_from_sight,
            "items": confirmation_items(offer, verdict),
            "button": button_text(offer),
            "link": "#",
        }
        return TemplateResponse(request, "capture/offer.html", context)


class MoveOrder(Act):
    """Note that the money of an order came, or that nothing will come of it."""

    permissions = ("catalog.change_offer",)

    @cached_property
    def order(self) -> OfferApplication:
        """The order that the URL names. Raises Http404."""
        return get_object_or_404(OfferApplication, pk=self.kwargs["order_id"])

    def act(self) -> str:
        state = self.request.POST.get("state", "")
        if state not in {ApplicationState.SETTLED, ApplicationState.CANCELLED}:
            raise UserError(_("Say what became of the order."))
        moved = move_transfer(self.order.pk, ApplicationState(state), by=self.staff)
        told = {"order": moved.order_ref, "state": moved.get_state_display()}
        return _("The order %(order)s is noted: %(state)s.") % told

    def back(self) -> str:
        return reverse("offers:offer", args=[self.order.offer_id])
