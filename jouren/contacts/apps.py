from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ContactsConfig(AppConfig):
    name = "jouren.contacts"
    label = "contacts"
    verbose_name = _("People")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from jouren.contacts import event_types, facts, queries, segments
        from jouren.events.reactions import register_contact_resolver

        event_types.register()
        facts.register()
        register_contact_resolver(queries.canonical_ids)
        segments.register()
