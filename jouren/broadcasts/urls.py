"""The archive of letters (バックナンバー), at a fixed address."""

from django.urls import path

from jouren.broadcasts.archive import LetterView, ListView

app_name = "broadcasts_archive"
urlpatterns = [
    path("", ListView.as_view(), name="list"),
    path("<int:issue_id>/", LetterView.as_view(), name="letter"),
]
