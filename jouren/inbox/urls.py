"""The public address of a survey's page. It holds the token of the message that asked, and nothing personal."""

from django.urls import path

from jouren.inbox.views import survey_view

app_name = "inbox"
urlpatterns = [path("<str:token>/<int:survey_id>/<slug:answer>", survey_view, name="survey")]
