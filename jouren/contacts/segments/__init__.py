"""Segments: people for whom a condition holds, kept up to date by what happens."""


def register() -> None:
    """Called when the room starts."""
    from jouren.contacts.segments import event_types, facts, filling, keeping, rechecking
    from jouren.core.hops import register_busy, register_due
    from jouren.core.loops import Loop, register_loop
    from jouren.events.reactions import register_reaction

    event_types.register()
    facts.register()
    register_reaction(keeping.REACTION)
    register_loop(Loop("segments", rechecking.CHANNEL, rechecking.tick))
    register_loop(Loop("segment-filler", filling.CHANNEL, filling.tick, is_bulk=True))
    register_due(rechecking.next_due)
    register_busy(rechecking.is_busy)
