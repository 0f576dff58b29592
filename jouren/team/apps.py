from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TeamConfig(AppConfig):
    name = "jouren.team"
    label = "team"
    verbose_name = _("Team")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from jouren.contacts.actions import register_eraser, register_merger
        from jouren.core.hops import register_busy, register_due
        from jouren.core.loops import Loop, register_loop
        from jouren.team import event_types, mailing
        from jouren.team.people import forget_people, merge_people

        event_types.register()
        register_loop(Loop("team-mail", mailing.CHANNEL, mailing.tick, poll_seconds=2.0))
        register_due(mailing.next_due)
        register_busy(mailing.is_busy)
        register_eraser("team", forget_people)
        register_merger("team", merge_people)
