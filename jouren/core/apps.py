from django.apps import AppConfig
from django.conf import settings
from django.utils.translation import gettext_lazy as _


class CoreConfig(AppConfig):
    name = "jouren.core"
    label = "core"
    verbose_name = _("Core")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from jouren.core.backup.runs import make_loop
        from jouren.core.hops import clock_loop
        from jouren.core.loops import register_loop

        register_loop(make_loop())
        if settings.JOUREN.sandbox:
            register_loop(clock_loop)
