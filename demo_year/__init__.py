"""The demo shop's year: people who never were, led through a year of the real product by moving the sandbox's clock.

``python -m demo_year`` (``make demo-year``) makes it anew, for ``jouren up --demo`` to load. It is not installed.
"""
