from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class JourneysConfig(AppConfig):
    name = "jouren.journeys"
    label = "journeys"
    verbose_name = _("Journeys")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from jouren.contacts.actions import register_eraser, register_merger
        from jouren.contacts.segments.actions import register_segment_use
        from jouren.core.hops import register_busy, register_due
        from jouren.core.loops import Loop, register_loop
        from jouren.events.reactions import Reaction, register_reaction
        from jouren.journeys import (
            dated_entries,
            engine,
            event_types,
            gate_rules,
            precedence,
            reactions,
            segment_use,
        )
        from jouren.journeys.people import forget_people, merge_people
        from jouren.journeys.sources import DatabaseFacts
        from jouren.messaging.sending_rules.queries import register_closures

        event_types.register()
        gate_rules.register()
        precedence.register()
        register_closures(DatabaseFacts().closures)
        register_reaction(Reaction("journeys", reactions.react, order=200))
        register_loop(Loop("advancer", engine.CHANNEL, engine.tick))
        register_loop(Loop("dated-entries", dated_entries.CHANNEL, dated_entries.tick, poll_seconds=1))
        register_due(engine.next_due)
        register_due(dated_entries.next_due)
        register_busy(dated_entries.is_busy)
        register_busy(engine.is_busy)
        register_segment_use("journeys", segment_use.uses_of)
        register_eraser("journeys", forget_people)
        register_merger("journeys", merge_people)
