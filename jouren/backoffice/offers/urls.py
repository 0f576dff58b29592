"""Where offers are in the back office."""

from __future__ import annotations

from django.urls import path

from jouren.backoffice.offers import coupons, views

app_name = "offers"
urlpatterns = [
    path("", views.OffersScreen.as_view(), name="list"),
    path("withdrawn/", views.WithdrawnScreen.as_view(), name="withdrawn"),
    path("add/", views.AddScreen.as_view(), name="add"),
    path("<int:pk>/", views.OfferScreen.as_view(), name="offer"),
    path("<int:pk>/edit/", views.EditScreen.as_view(), name="edit"),
    path("<int:pk>/page/", views.PageScreen.as_view(), name="page"),
    path("<int:pk>/coupons/add/", coupons.AddCoupon.as_view(), name="add_coupon"),
    path("orders/<int:order_id>/", views.MoveOrder.as_view(), name="move_order"),
    path("coupons/<int:coupon_id>/", coupons.CouponScreen.as_view(), name="coupon"),
    path("coupons/<int:coupon_id>/open/", coupons.OpenCoupon.as_view(), name="open_coupon"),
    path("coupons/<int:coupon_id>/generate/", coupons.GenerateCodes.as_view(), name="generate"),
    path("coupons/<int:coupon_id>/import/", coupons.ImportCodes.as_view(), name="import"),
    path("coupons/<int:coupon_id>/codes.csv", coupons.CodesFile.as_view(), name="codes"),
]
