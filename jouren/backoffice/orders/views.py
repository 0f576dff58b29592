"""The lists of orders and of subscriptions, and an order's page."""

from __future__ import annotations

from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from jouren.backoffice.orders.forms import FilterForm
from jouren.backoffice.orders.wording import (
    line_rows,
    order_rows,
    refund_text,
    remark_text,
    source_text,
    subscription_rows,
    taxes,
)
from jouren.backoffice.people.searching import MAX_TEXT, recall_search, remember_search
from jouren.backoffice.places import read_place, write_place
from jouren.backoffice.screens import Screen
from jouren.core.money import money_text
from jouren.orders.models import Order, OrderState, Subscription, SubscriptionState
from jouren.orders.queries import Wanted, find_orders, happened_to, order_sources, refunds_of, remarks_on

PAGE = 50
VIEW = ("orders.view_order", "contacts.view_contact")
ICON = "bag"
PARENTS = (("orders:list", gettext_lazy("Orders")),)


class OrdersScreen(Screen):
    """Orders in a list; a search comes by POST and is looked at under a token, since it may be an address."""

    permissions = VIEW
    template_name = "backoffice/orders/list.html"
    page_title = gettext_lazy("Orders")
    header_icon = ICON

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Remember what is searched for and show it; an empty search shows all orders."""
        text = request.POST.get("text", "").strip()[:MAX_TEXT]
        return redirect(f"{request.path}?s={remember_search(request, text)}" if text else request.path)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        token = self.request.GET.get("s", "")
        text = recall_search(self.request, token) if token else ""
        sources = [(each, source_text(each)) for each in order_sources()]
        form = FilterForm(self.request.GET, sources=sources)
        form.is_valid()  # what cannot be read filters nothing, and is said at its field
        chosen = form.cleaned_data
        wanted = Wanted(
            text,
            chosen.get("state", ""),
            chosen.get("source", ""),
            chosen["product"].pk if chosen.get("product") else None,
            form.since_moment(),
            form.before(),
        )
        after = read_place(self.request.GET.get("after", ""))
        found = find_orders(wanted, after=after, limit=PAGE + 1)
        kept = {name: self.request.GET[name] for name in ("s", *form.fields) if self.request.GET.get(name)}
        return {
            **super().get_context_data(**kwargs),
            "rows": order_rows(found[:PAGE]),
            "form": form,
            "text": text,
            "token": token if text else "",
            "is_filtered": bool(kept),
            "is_narrowed": bool(kept.keys() - {"s"}),
            "is_later_page": after is not None,
            "first": urlencode(kept),
            "next": urlencode({**kept, "after": _place_of(found[PAGE - 1])}) if len(found) > PAGE else "",
            "may_enter": self.request.user.has_perm("orders.add_order"),
            "tab": "orders",
        }


def _place_of(order: Order) -> str:
    return write_place(order.at, order.pk)  # type: ignore[attr-defined]


class OrderScreen(Screen):
    """One order: what it is, whose, and what happened to it."""

    permissions = VIEW
    template_name = "backoffice/orders/order.html"
    header_icon = ICON
    parents = PARENTS

    @cached_property
    def order(self) -> Order:
        """The order that the URL names. Raises Http404."""
        return order_or_404(self.kwargs["pk"])

    def get_page_title(self) -> str:
        return _("Order %(number)s") % {"number": self.order.number}

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        answer = self.render_to_response(self.get_context_data(**kwargs))
        if "noted" in request.GET:  # what was noted is taken in within a moment
            answer["Refresh"] = f"1; url={request.path}"
        return answer

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        order = self.order
        lines = line_rows(order, list(order.lines.all()))
        moments = [
            (_("Placed"), order.placed_at),
            (_("Paid"), order.paid_at),
            (_("Shipped"), order.shipped_at),
            (pgettext("order", "Delivered"), order.delivered_at),
            (pgettext("order", "Cancelled"), order.cancelled_at),
        ]
        return {
            **super().get_context_data(**kwargs),
            "order": order,
            "row": order_rows([order])[0],
            "lines": lines,
            "taxes": taxes(order, lines),
            "shipping": "" if order.shipping is None else money_text(order.shipping, order.currency),
            "discount": money_text(-order.discount, order.currency) if order.discount else "",
            "net": money_text(order.net, order.currency),
            "moments": [(label, at) for label, at in moments if at is not None],
            "refunds": [(each, refund_text(each)) for each in refunds_of(order)],
            "happened": happened_to(order),
            "remarks": [remark_text(each) for each in remarks_on(order)],
            "marks": _marks(order) if self.request.user.has_perm("orders.change_order") else [],
            "is_noted": "noted" in self.request.GET,
        }


def order_or_404(pk: int) -> Order:
    """An order that was told of. Raises Http404."""
    if not 0 < pk < 2**63:
        raise Http404
    return get_object_or_404(Order.objects.select_related("contact").exclude(state=OrderState.UNKNOWN), pk=pk)


def _marks(order: Order) -> list[tuple[str, str]]:
    """What staff can still say of an order."""
    if not order.contact.is_present or order.cancelled_at is not None:
        return []
    marks = []
    if order.paid_at is None:
        marks.append(("paid", _("Mark as paid")))
    if order.shipped_at is None:
        marks.append(("shipped", _("Mark as shipped")))
    if order.delivered_at is None:
        marks.append(("delivered", _("Mark as delivered")))
    if order.paid_at is not None and order.net > 0:
        marks.append(("refunded", _("Note a refund")))
    return [*marks, ("cancelled", _("Cancel it"))]


class SubscriptionsScreen(Screen):
    """Subscriptions by how they stand, the latest first."""

    permissions = VIEW
    template_name = "backoffice/orders/subscriptions.html"
    page_title = gettext_lazy("Subscriptions")
    header_icon = ICON
    parents = PARENTS

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        states = [each for each in SubscriptionState if each != SubscriptionState.UNKNOWN]
        asked = self.request.GET.get("state", "")
        state = asked if asked in SubscriptionState.values else SubscriptionState.ACTIVE.value
        after = self.request.GET.get("after", "")
        found = Subscription.objects.filter(state=state).select_related("contact").order_by("-id")
        if after.isdecimal() and int(after) < 2**63:
            found = found.filter(pk__lt=int(after))
        page = list(found[: PAGE + 1])
        return {
            **super().get_context_data(**kwargs),
            "rows": subscription_rows(page[:PAGE]),
            "states": states,
            "state": state,
            "is_later_page": bool(after),
            "next": urlencode({"state": state, "after": page[PAGE - 1].pk}) if len(page) > PAGE else "",
            "tab": "subscriptions",
        }
