"""Coupons of an offer: made, filled with codes, stopped, and written to a file for the shop's cart."""

from __future__ import annotations

import csv
import io
from functools import cached_property
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import View
from wagtail.admin import messages

from jouren.backoffice.offers.forms import CouponForm, GenerateForm, ImportForm
from jouren.backoffice.offers.views import ICON, PARENTS, _OfOffer
from jouren.backoffice.screens import Act, PermissionAsked, Screen
from jouren.catalog.errors import BadCoupon
from jouren.catalog.offers.coupons import CodesNotImported, generate_codes, import_codes, make_coupon, set_coupon_open
from jouren.catalog.offers.models import Coupon
from jouren.catalog.offers.queries import codes_of, coupon_figures
from jouren.catalog.offers.vocabulary import CouponKind
from jouren.core.errors import UserError
from jouren.core.money import money_text

CODES = 200


class AddCoupon(_OfOffer, Screen):
    """A new coupon."""

    permissions = ("catalog.change_offer",)
    template_name = "backoffice/offers/add_coupon.html"
    page_title = gettext_lazy("Add a coupon")
    parents = PARENTS
    header_icon = ICON

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Make it, or say what is wrong, at its field."""
        form = CouponForm(request.POST, offer=self.offer)
        if form.is_valid():
            told = form.cleaned_data
            try:
                coupon = make_coupon(
                    self.offer, told["name"], told["kind"], told["discount"], code=told["code"], by=self.staff
                )
            except BadCoupon as error:
                form.add_error(error.field or None, str(error))
            else:
                messages.success(request, _("The coupon “%(name)s” is made.") % {"name": coupon.name})
                return redirect("offers:coupon", coupon.pk)
        return self.render_to_response(self.get_context_data(form=form))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        form = kwargs.pop("form", None) or CouponForm(offer=self.offer)
        return {**super().get_context_data(**kwargs), "offer": self.offer, "form": form}


class _OfCoupon:
    kwargs: dict[str, Any]

    @cached_property
    def coupon(self) -> Coupon:
        """The coupon that the URL names. Raises Http404."""
        return get_object_or_404(Coupon.objects.select_related("offer__product"), pk=self.kwargs["coupon_id"])

    def back(self) -> str:
        """The coupon's own screen."""
        return reverse("offers:coupon", args=[self.coupon.pk])


class _Coupon(_OfCoupon, Screen):
    template_name = "backoffice/offers/coupon.html"
    parents = PARENTS
    header_icon = ICON

    def get_page_title(self) -> str:
        return self.coupon.name

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        coupon, user = self.coupon, self.request.user
        figures = coupon_figures(coupon.offer).get(coupon.pk)
        after = self.request.GET.get("after", "")
        codes = codes_of(coupon.pk, after=int(after) if after.isdecimal() and len(after) < 18 else 0, limit=CODES + 1)
        return {
            **super().get_context_data(**kwargs),
            "coupon": coupon,
            "offer": coupon.offer,
            "figures": figures,
            "discount": money_text(coupon.discount, coupon.offer.currency),
            "cost": money_text(figures.cost if figures else 0, coupon.offer.currency),
            "codes": codes[:CODES],
            "next": codes[CODES - 1].pk if len(codes) > CODES else None,
            "is_unique": coupon.kind == CouponKind.UNIQUE,
            "generate_form": GenerateForm(),
            "import_form": kwargs.get("import_form") or ImportForm(),
            "bad_lines": kwargs.get("bad_lines", []),
            "may_change": user.has_perm("catalog.change_offer"),
        }


class CouponScreen(_Coupon):
    """A coupon: its figures, its codes, and where more come from."""

    permissions = ("catalog.view_offer",)


class ImportCodes(_Coupon):
    """Take in codes; what cannot be taken is shown line by line, and nothing is stored then."""

    permissions = ("catalog.change_offer", "catalog.view_offer")

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Import what was pasted or uploaded."""
        form, lines = ImportForm(request.POST, request.FILES), []
        if form.is_valid():
            try:
                number = import_codes(self.coupon, form.cleaned_data["text"], by=self.staff)
            except BadCoupon as error:
                lines = error.lines if isinstance(error, CodesNotImported) else []
                form.add_error("text", str(error))
            else:
                messages.success(request, _("%(number)s codes were imported.") % {"number": f"{number:,}"})
                return redirect(self.back())
        return self.render_to_response(self.get_context_data(import_form=form, bad_lines=lines))


class GenerateCodes(_OfCoupon, Act):
    """Make new codes."""

    permissions = ("catalog.change_offer",)

    def act(self) -> str:
        form = GenerateForm(self.request.POST)
        if not form.is_valid():
            raise UserError(next(str(message) for errors in form.errors.values() for message in errors))
        number = generate_codes(self.coupon, form.cleaned_data["number"], by=self.staff)
        return _("%(number)s codes were made.") % {"number": f"{number:,}"}


class OpenCoupon(_OfCoupon, Act):
    """Stop a coupon, or let it be used again."""

    permissions = ("catalog.change_offer",)

    def act(self) -> str:
        is_open = self.request.POST.get("is_open") == "1"
        set_coupon_open(self.coupon, is_open=is_open, by=self.staff)
        return _("The coupon can be used again.") if is_open else _("The coupon cannot be used any more.")


class CodesFile(_OfCoupon, PermissionAsked, View):
    """All codes as CSV, to be taken over into the shop's cart."""

    permissions = ("catalog.change_offer",)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The file."""
        written = io.StringIO()
        writer = csv.writer(written)
        writer.writerow(["code", "uses"])
        writer.writerows(self.coupon.codes.order_by("pk").values_list("code", "uses").iterator())
        answer = HttpResponse(written.getvalue(), content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = f'attachment; filename="coupon-{self.coupon.pk}.csv"'
        return answer
