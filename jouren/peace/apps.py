from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PeaceConfig(AppConfig):
    name = "jouren.peace"
    label = "peace"
    verbose_name = _("Leaving in peace")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from jouren.core.hops import register_busy, register_due
        from jouren.core.loops import Loop, register_loop
        from jouren.events.reactions import register_reaction
        from jouren.peace import nightly, reactions

        register_reaction(reactions.BRING_BACK_BUYERS)
        register_loop(Loop("peace", nightly.CHANNEL, nightly.tick, poll_seconds=30.0))
        register_due(nightly.next_due)
        register_busy(nightly.is_busy)
