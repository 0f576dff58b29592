"""An order that staff enter: by telephone, at a fair, by letter."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin import messages

from jouren.backoffice.orders.forms import EnterForm, moment_of
from jouren.backoffice.orders.views import ICON, PARENTS, VIEW
from jouren.backoffice.screens import Screen
from jouren.contacts.models import Contact
from jouren.core.errors import UserError
from jouren.core.money import plain_amount
from jouren.orders.by_hand import enter_order


class EnterScreen(Screen):
    """The form of an order of one product."""

    permissions = (*VIEW, "orders.add_order")
    template_name = "backoffice/orders/enter.html"
    page_title = gettext_lazy("Enter an order")
    header_icon = ICON
    parents = PARENTS

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self._show(EnterForm(initial={"email": ""}))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Enter it, or say at its fields what is wrong."""
        form = EnterForm(request.POST)
        if not form.is_valid():
            return self._show(form)
        values = form.cleaned_data
        try:
            entered = enter_order(
                values["email"],
                values["product"],
                quantity=values["quantity"],
                amount=values["amount"],
                is_paid=values["is_paid"],
                at=moment_of(values["day"]),
                number=values["number"],
                by=self.staff,
            )
        except UserError as error:
            form.add_error(None, str(error))
            return self._show(form)
        messages.success(request, _("The order %(number)s is entered.") % {"number": entered.number})
        return redirect("people:person", Contact.objects.get(pk=entered.contact_id).public_id)

    def _show(self, form: EnterForm) -> HttpResponse:
        products = form.fields["product"].queryset  # type: ignore[attr-defined]
        prices = {each.pk: plain_amount(each.price, each.currency) for each in products}
        return self.render_to_response(self.get_context_data(form=form, prices=prices))
