"""What the engine would have done: people walk a journey through their own past, in memory; nothing is written.

``life.py`` is what is known of a person, ``replay.py`` their time in the journey, ``sources.py`` where both come from.
"""
