"""Measurements of the design's budgets, run by hand: ``python -m benchmarks send --json``. No test is timed."""
