from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ApiConfig(AppConfig):
    name = "jouren.api"
    label = "api"
    verbose_name = _("Endpoints")
    default_auto_field = "django.db.models.BigAutoField"
