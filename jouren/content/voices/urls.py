"""The public addresses of a person's page for their words. They hold a token and nothing personal."""

from django.urls import path

from jouren.content.voices.views import asked_view, own_view

app_name = "voices"
urlpatterns = [
    path("<str:token>", own_view, name="own"),
    path("<str:token>/<int:product_id>", asked_view, name="asked"),
]
