from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class StoryConfig(AppConfig):
    name = "jouren.story"
    label = "story"
    verbose_name = _("Owner's story")
    default_auto_field = "django.db.models.BigAutoField"
