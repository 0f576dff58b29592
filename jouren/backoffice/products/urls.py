"""Where products are in the back office."""

from __future__ import annotations

from django.urls import path

from jouren.backoffice.products import codes, views

app_name = "products"
urlpatterns = [
    path("", views.ProductsScreen.as_view(), name="list"),
    path("retired/", views.RetiredScreen.as_view(), name="retired"),
    path("add/", views.AddScreen.as_view(), name="add"),
    path("codes/", codes.UnmappedScreen.as_view(), name="unmapped"),
    path("codes/map/", codes.MapUnmapped.as_view(), name="map"),
    path("codes/<int:code_id>/remove/", codes.RemoveCode.as_view(), name="remove_code"),
    path("<int:pk>/", views.ProductScreen.as_view(), name="product"),
    path("<int:pk>/edit/", views.EditScreen.as_view(), name="edit"),
    path("<int:pk>/codes/add/", codes.AddCode.as_view(), name="add_code"),
]
