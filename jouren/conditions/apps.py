from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ConditionsConfig(AppConfig):
    name = "jouren.conditions"
    label = "conditions"
    verbose_name = _("Conditions")
    default_auto_field = "django.db.models.BigAutoField"
