"""The only rule of a journey: where does this person go from this step, knowing these facts, at this moment?

Pure: no database, no clock. The engine, the preview and the dry run all ask :func:`decide`. What a step of one type
decides stands with the type, in ``jouren.journeys.steps``.
"""

from __future__ import annotations

from datetime import datetime

from jouren.journeys.program import Decision, Facts, Program, Step

GOAL_REACHED = "goal_reached"


def decide(program: Program, step: Step, facts: Facts, now: datetime) -> Decision:
    """Decide one step for one person. All times are aware; ``now`` is in UTC."""
    return step.decide(program, facts, now)


def leaves(program: Program, facts: Facts, now: datetime) -> str | None:
    """Why this person leaves the journey now: the goal is reached or an exit condition holds. None: they stay."""
    if program.goal is not None and program.goal(facts.values, now):
        return GOAL_REACHED
    for test, reason in program.exits:
        if test(facts.values, now):
            return reason
    return None
