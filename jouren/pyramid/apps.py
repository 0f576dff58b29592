from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PyramidConfig(AppConfig):
    name = "jouren.pyramid"
    label = "pyramid"
    verbose_name = _("Pyramid")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from jouren.contacts.actions import register_eraser, register_merger
        from jouren.core.worker import register_learner
        from jouren.events.reactions import register_reaction
        from jouren.pyramid import actions, event_types, facts, naming, reactions

        event_types.register()
        facts.register()
        register_reaction(reactions.PROMOTION)
        register_learner(naming.refresh)
        register_merger("pyramid", reactions.merge_people)
        register_eraser("pyramid", actions.forget_positions)
