"""Where series are in the back office."""

from __future__ import annotations

from django.urls import path

from jouren.backoffice.series import adding, bringing, listing, publishing, views

app_name = "series"
urlpatterns = [
    path("", listing.ListScreen.as_view(), name="list"),
    path("new/", listing.NewScreen.as_view(), name="new"),
    path("<int:pk>/", views.SeriesScreen.as_view(), name="show"),
    path("<int:pk>/settings/", listing.SettingsScreen.as_view(), name="settings"),
    path("<int:pk>/people/<int:number>/", views.PeopleScreen.as_view(), name="people"),
    path("<int:pk>/write/", adding.WriteScreen.as_view(), name="write"),
    path("<int:pk>/choose/", adding.ChooseScreen.as_view(), name="choose"),
    path("<int:pk>/import/", bringing.ImportScreen.as_view(), name="import"),
    path("<int:pk>/import/<uuid:intake_id>/", bringing.CheckScreen.as_view(), name="check"),
    path("<int:pk>/publish/", publishing.PublishScreen.as_view(), name="publish"),
    path("<int:pk>/delete/", listing.DeleteScreen.as_view(), name="delete"),
    path("items/<uuid:item_id>/move/", views.Move.as_view(), name="move"),
    path("items/<uuid:item_id>/remove/", views.Remove.as_view(), name="remove"),
]
