from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ContentConfig(AppConfig):
    name = "jouren.content"
    label = "content"
    verbose_name = _("Pages")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from jouren.content import answers, schedule
        from jouren.content.voices import registering
        from jouren.core.hops import register_busy, register_due
        from jouren.core.loops import register_loop

        register_loop(schedule.schedule_loop)
        register_due(schedule.next_due)
        register_busy(schedule.is_busy)
        registering.register()
        answers.register()
