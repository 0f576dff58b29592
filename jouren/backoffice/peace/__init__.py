"""Leaving people in peace (離脱): the rule, and whom it would leave now."""
