"""The demo shop's year: people who never were, led through a year of the real product by moving the sandbox's clock.

``remake`` makes it anew and writes it to ``year.gz``; ``loading`` brings it back into an empty installation.
"""
