from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BackofficeConfig(AppConfig):
    name = "jouren.backoffice"
    label = "backoffice"
    verbose_name = _("Back office")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from jouren.backoffice.messages.wording import reason_label
        from jouren.contacts.timeline import register_value_label

        register_value_label("message.withheld", "reason", reason_label)
