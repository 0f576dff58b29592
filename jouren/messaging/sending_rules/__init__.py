"""The shop's sending rules (配信ルール): how often, at what hours, and in which order people are written to.

``terms`` says what a shop can set, ``hours``, ``caps``, ``readiness`` and ``policies`` decide without a database,
``gate_rule`` asks them for whole batches, ``holds`` keeps an account of what they held up.
"""
