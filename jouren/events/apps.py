from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class EventsConfig(AppConfig):
    name = "jouren.events"
    label = "events"
    verbose_name = _("Event log")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from jouren.core import clock
        from jouren.core.hops import register_busy
        from jouren.core.loops import Loop, register_loop
        from jouren.events.actions import CHANNEL
        from jouren.events.partitions import keep_partitions
        from jouren.events.queries import inbox_is_empty
        from jouren.events.reactor import tick_history, tick_live

        register_loop(Loop("reactor", CHANNEL, tick_live))
        register_loop(Loop("reactor-history", CHANNEL, tick_history, is_bulk=True))
        register_loop(Loop("log-partitions", clock.CHANNEL, keep_partitions, poll_seconds=3_600))
        register_busy(lambda: not inbox_is_empty())
