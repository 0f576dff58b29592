from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class WebhooksConfig(AppConfig):
    name = "jouren.webhooks"
    label = "webhooks"
    verbose_name = _("Webhooks")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from jouren.contacts.actions import register_eraser, register_merger
        from jouren.core.holding import register_release
        from jouren.core.hops import register_busy, register_due
        from jouren.core.loops import Loop, register_loop
        from jouren.webhooks import event_types, queries
        from jouren.webhooks.caller import Caller
        from jouren.webhooks.outbox import CHANNEL
        from jouren.webhooks.people import forget_people, merge_people
        from jouren.webhooks.releasing import let_go

        event_types.register()
        caller = Caller()
        register_loop(Loop("webhooks", CHANNEL, caller.tick, close=caller.close))
        register_due(queries.next_due)
        register_busy(queries.is_busy)
        register_release(let_go)
        register_eraser("webhooks", forget_people)
        register_merger("webhooks", merge_people)
