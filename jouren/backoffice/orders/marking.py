"""Saying that an order was paid, shipped, delivered, paid back or cancelled: a page to confirm it."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin import messages

from jouren.backoffice.orders.forms import MarkForm, moment_of
from jouren.backoffice.orders.views import ICON, PARENTS, VIEW, order_or_404
from jouren.backoffice.orders.wording import order_rows
from jouren.backoffice.screens import Screen
from jouren.core.errors import UserError
from jouren.core.money import money_text, plain_amount
from jouren.orders.by_hand import MARKS, mark_order
from jouren.orders.models import Order

_TITLES = {
    "paid": gettext_lazy("Mark as paid"),
    "shipped": gettext_lazy("Mark as shipped"),
    "delivered": gettext_lazy("Mark as delivered"),
    "refunded": gettext_lazy("Note a refund"),
    "cancelled": gettext_lazy("Cancel the order"),
}
_CONSEQUENCES = {
    "paid": gettext_lazy("It counts as a purchase: the buyer may rise in the pyramid, and journeys may begin."),
    "shipped": gettext_lazy("Journeys that wait for it go on."),
    "delivered": gettext_lazy("Journeys that begin days after a delivery do so."),
    "refunded": gettext_lazy("It is only written down here. Send the money back where it was paid."),
    "cancelled": gettext_lazy("It counts as a purchase no longer. This cannot be undone. No money is sent back by it."),
}


class MarkScreen(Screen):
    """What will follow, the day, and a button."""

    permissions = (*VIEW, "orders.change_order")
    template_name = "backoffice/orders/mark.html"
    header_icon = ICON
    parents = PARENTS

    @cached_property
    def order(self) -> Order:
        """The order that the URL names. Raises Http404."""
        return order_or_404(self.kwargs["pk"])

    @property
    def what(self) -> str:
        """What is said of it. Raises Http404."""
        what = str(self.kwargs["what"])
        if what not in MARKS:
            raise Http404
        return what

    def get_page_title(self) -> str:
        return f"{_TITLES[self.what]}: {self.order.number}"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        left = plain_amount(self.order.net, self.order.currency)
        return self._show(MarkForm(what=self.what, currency=self.order.currency, initial={"amount": left}))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Note it, or say at its fields what is wrong."""
        form = MarkForm(request.POST, what=self.what, currency=self._currency)
        if not form.is_valid():
            return self._show(form)
        values = form.cleaned_data
        try:
            is_new = mark_order(
                self.order,
                self.what,
                at=self._moment(values["day"]),
                amount=values.get("amount"),
                reason=values.get("reason", ""),
                refund=values["number"],
                by=self.staff,
            )
        except UserError as error:
            form.add_error(None, str(error))
            return self._show(form)
        if is_new:
            messages.success(request, _("It is noted."))
        else:
            messages.info(request, _("This was known already."))
        return redirect(f"{reverse('orders:order', args=[self.order.pk])}?noted=1")

    @property
    def _currency(self) -> str:
        return self.order.currency

    def _moment(self, day: Any) -> Any:
        """Noon of the day, but not before the order of that very day."""
        began_at = self.order.placed_at or self.order.paid_at
        at = moment_of(day)
        is_same_day = began_at is not None and moment_of(began_at.astimezone(at.tzinfo).date()) == at
        return max(at, began_at) if is_same_day and began_at is not None else at

    def _show(self, form: MarkForm) -> HttpResponse:
        context = self.get_context_data(
            form=form,
            order=self.order,
            row=order_rows([self.order])[0],
            consequence=_CONSEQUENCES[self.what],
            left=money_text(self.order.net, self.order.currency),
            what=self.what,
            button=_TITLES[self.what],
        )
        return self.render_to_response(context)
