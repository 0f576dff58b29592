from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PyramidConfig(AppConfig):
    name = "jouren.pyramid"
    label = "pyramid"
    verbose_name = _("Pyramid")
    default_auto_field = "django.db.models.BigAutoField"
