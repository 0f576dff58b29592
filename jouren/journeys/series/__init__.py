"""Series (連載): up to a thousand messages that go out one after the other, in a rhythm.

``models`` is what an author edits and what is published of it; ``order`` and ``rhythm`` are the pure rules of who gets
which item when; ``reading`` gives them to the engine; ``actions`` edit and publish; ``intake`` makes messages of files.
The step that sends a series stands with the others, in ``jouren.journeys.steps.series``.
"""
