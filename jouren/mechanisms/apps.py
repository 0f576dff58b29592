from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MechanismsConfig(AppConfig):
    name = "jouren.mechanisms"
    label = "mechanisms"
    verbose_name = _("Mechanisms")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from jouren.catalog.offers.judgements import LIKELY_REGULAR, register_judgement
        from jouren.contacts.actions import register_eraser, register_merger
        from jouren.core.hops import register_busy, register_due
        from jouren.core.loops import Loop, register_loop
        from jouren.events.reactions import register_reaction
        from jouren.mechanisms import actions, event_types, facts, nightly, people, queries, reactions

        event_types.register()
        facts.register()
        for reaction in reactions.REACTIONS:
            register_reaction(reaction)
        register_judgement(LIKELY_REGULAR, queries.likely_regulars, facts.IS_LIKELY_REGULAR)
        register_merger("mechanisms", actions.merge_people)
        register_eraser("mechanisms", people.forget_people)
        register_loop(Loop("mechanisms", nightly.CHANNEL, nightly.tick, poll_seconds=30.0))
        register_due(nightly.next_due)
        register_busy(nightly.is_busy)
