"""The shop's control group: people drawn by lot who get no marketing at all, so that its worth can be known.

Kept by ``messaging``, since the gate asks it; see docs/subsystems/statistics.md for what is made of it.
"""
