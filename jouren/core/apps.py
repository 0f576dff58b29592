from django.apps import AppConfig
from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
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

        if settings.JOUREN.database_url:
            connection_created.connect(_run_uncompiled, dispatch_uid="jouren.core.run_uncompiled")
        register_loop(make_loop())
        if settings.JOUREN.sandbox:
            register_loop(clock_loop)


def _run_uncompiled(connection: BaseDatabaseWrapper, **_kwargs: object) -> None:
    """Take back what a server does unless told: to compile a statement for longer than ours take to run.

    The embedded database is told in its configuration. Not by the connection's options: poolers refuse those.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET jit = off")
