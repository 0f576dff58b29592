from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReportsConfig(AppConfig):
    name = "jouren.reports"
    label = "reports"
    verbose_name = _("Reports")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from jouren.events.reactions import register_reaction
        from jouren.journeys.writers import register_watcher
        from jouren.reports import mechanisms, offers, overview
        from jouren.reports.recording import NOTE_UNSUBSCRIPTIONS, count_passages

        register_reaction(NOTE_UNSUBSCRIPTIONS)
        register_watcher(count_passages)
        overview.register_questions()
        mechanisms.register_questions()
        offers.register_questions()
