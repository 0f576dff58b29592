from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MessagingConfig(AppConfig):
    name = "jouren.messaging"
    label = "messaging"
    verbose_name = _("Messages")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Models can be imported only now.
        from jouren.messaging import (
            erasure,
            event_types,
            facts,
            gate_rules,
            loops,
            merging,
            offers,
            purposes,
            reactions,
            releasing,
        )
        from jouren.messaging.channels.email.channel import register_email
        from jouren.messaging.control_group import gate_rule as control_group
        from jouren.messaging.sending_rules import gate_rule

        event_types.register()
        facts.register()
        gate_rules.register_gate_rules()
        gate_rule.register()
        control_group.register()
        offers.register()
        purposes.register_purposes()
        register_email()
        reactions.register()
        erasure.register()
        merging.register()
        loops.register()
        releasing.register()
