from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ImportsConfig(AppConfig):
    name = "jouren.imports"
    label = "imports"
    verbose_name = _("Imports")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Have whom checks foresaw where forgotten with them."""
        from jouren.contacts.actions import register_eraser
        from jouren.imports.foreseeing import forget_people

        register_eraser("imports", forget_people)
