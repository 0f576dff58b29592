from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ConnectorsConfig(AppConfig):
    name = "jouren.connectors"
    label = "connectors"
    verbose_name = _("Connectors")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from jouren.connectors import event_types, segment, shopify, signed, stripe
        from jouren.connectors.actions import forget_people
        from jouren.connectors.connector import register_connector
        from jouren.contacts.actions import register_eraser

        event_types.register()
        for folder in (shopify, stripe, signed, segment):
            register_connector(folder.CONNECTOR)
        register_eraser("connectors", forget_people)
