from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BroadcastsConfig(AppConfig):
    name = "jouren.broadcasts"
    label = "broadcasts"
    verbose_name = _("Broadcasts")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from jouren.broadcasts import engine, gate_rules, queries, reactions, segment_use
        from jouren.contacts.segments.actions import register_segment_use
        from jouren.core.hops import register_busy, register_due
        from jouren.core.loops import Loop, register_loop

        gate_rules.register()
        reactions.register()
        register_segment_use("broadcasts", segment_use.uses_of)
        # Planning a batch keeps an interpreter busy: it is done beside the broadcast lane's senders.
        register_loop(Loop("broadcasts", engine.CHANNEL, engine.tick, is_bulk=True))
        register_due(queries.next_due)
        register_busy(queries.is_busy)
