from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CaptureConfig(AppConfig):
    name = "jouren.capture"
    label = "capture"
    verbose_name = _("Capture")
    default_auto_field = "django.db.models.BigAutoField"
