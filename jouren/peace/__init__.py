"""Leaving people in peace by rules (離脱): who was invited often enough without buying, who was not satisfied."""
