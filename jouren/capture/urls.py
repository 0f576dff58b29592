"""The public addresses of forms and of the links in mails. None holds personal data."""

from django.urls import path, re_path

from jouren.capture.views.confirm import confirm_view
from jouren.capture.views.gift import gift_again_view, gift_file_view, gift_in_mail_view, gift_view
from jouren.capture.views.offer import offer_view
from jouren.capture.views.preferences import preferences_view, unsubscribe_view
from jouren.capture.views.sign_up import form_view, thanks_view
from jouren.capture.views.theme import theme_view
from jouren.capture.views.unknown import click_view

app_name = "capture"
urlpatterns = [
    path("f/<uuid:public_id>/", form_view, name="form"),
    path("f/<uuid:public_id>/thanks/", thanks_view, name="thanks"),
    path("confirm/<str:token>", confirm_view, name="confirm"),
    path("p/<str:token>", preferences_view, name="preferences"),
    path("u/<str:token>", unsubscribe_view, name="unsubscribe"),
    path("offer/<str:token>", offer_view, name="offer"),
    re_path(r"^theme/(?P<version>[0-9]{1,4})-(?P<colour>[0-9a-f]{6})\.css$", theme_view, name="theme"),
    path("gift/again", gift_again_view, name="gift_again"),
    path("gift/<str:token>", gift_view, name="gift"),
    path("gift/<str:token>/file", gift_file_view, name="gift_file"),
    path("gift/<str:token>/<int:form_id>", gift_in_mail_view, name="gift_in_mail"),
    path("c/<path:rest>", click_view, name="click"),
]
