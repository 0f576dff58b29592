from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class InboxConfig(AppConfig):
    name = "jouren.inbox"
    label = "inbox"
    verbose_name = _("Inbox")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from jouren.catalog.offers.judgements import SATISFIED, register_judgement
        from jouren.contacts.actions import register_eraser, register_merger
        from jouren.inbox import event_types, facts, people, queries
        from jouren.messaging.surveys import register_surveys

        event_types.register()
        facts.register()
        register_surveys(queries.survey_choices, queries.shown_in_messages)
        register_judgement(SATISFIED, queries.satisfied_people, facts.IS_SATISFIED)
        register_eraser("inbox", people.forget_people)
        register_merger("inbox", people.merge_people)
