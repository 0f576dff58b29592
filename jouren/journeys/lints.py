"""What an author did probably not mean, found in a compiled journey before it is published. Pure.

Errors keep it from being published: nobody can mean them. Warnings are shown, and may be accepted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from jouren.journeys.satisfiable import may_hold, stages_that_fit
from jouren.journeys.shape import Compiled, ahead, in_order, places
from jouren.journeys.steps import followers, is_wait, ways_of
from jouren.journeys.versions import dates_of, triggers_of
from jouren.messaging.vocabulary import Kind
from jouren.pyramid.stages import Stage

ERRORS = frozenset({"zero_wait", "unreachable", "goal_impossible", "held_back_receipt"})

_DAY = 1_440
_PURCHASE = "order.paid"
_BUYERS_FACTS = ("orders.count", "orders.total", "orders.first_at", "orders.last_at", "orders.products")
_SETTLED = frozenset({"exit", "suppress"})
_AT_PURCHASE = {
    "trial": frozenset({Stage.TRIAL, Stage.EXISTING, Stage.REGULAR}),
    "regular": frozenset({Stage.EXISTING, Stage.REGULAR}),
}
_EVERY_STAGE = frozenset(Stage)
_CUSTOMERS = frozenset({Stage.EXISTING, Stage.REGULAR})

Stages = frozenset[Stage]


class MessageRole(NamedTuple):
    """What a message version is for."""

    kind: str
    stage: int | None


@dataclass(frozen=True)
class Hint:
    """Something to look at: what (``code``), at which step (None: the journey), and what the sentence needs."""

    code: str
    step: str | None
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_error(self) -> bool:
        """Whether the journey may not be published so."""
        return self.code in ERRORS


def lint(
    compiled: Compiled,
    roles: Mapping[int, MessageRole],
    readiness: int,
    helps_of_series: Mapping[int, int] | None = None,
) -> list[Hint]:
    """All hints, errors first, else in the order of the steps.

    ``roles``: what each message version is for. ``readiness``: how many messages that help come before one that asks,
    as the gate counts them; 0: the shop does not mind. ``helps_of_series``: how many of them each series brings.
    """
    looked = _Looked(compiled, roles, readiness, helps_of_series or {})
    hints = [hint for look in _LOOKS for hint in look(looked)]
    reading = {place.step: number for number, place in enumerate(places(compiled))}
    return sorted(hints, key=lambda hint: (not hint.is_error, reading.get(hint.step or "", -1)))


class _Looked:
    """A compiled journey with what several lints ask."""

    def __init__(
        self,
        compiled: Compiled,
        roles: Mapping[int, MessageRole],
        readiness: int,
        helps_of_series: Mapping[int, int],
    ) -> None:
        self.compiled = compiled
        self.steps: Mapping[str, Mapping[str, Any]] = compiled["steps"]
        self.order = in_order(compiled)
        self.readiness = readiness
        self._roles = roles
        self._helps_of_series = helps_of_series
        self.stages = _stages_along(self)

    def role(self, step: str) -> MessageRole | None:
        """What the message of a step is for; None where it sends none."""
        return self._roles.get(self.steps[step].get("message_version", 0))

    def helps(self, step: str) -> int:
        """How many messages that help a step sends."""
        raw, role = self.steps[step], self.role(step)
        if raw["type"] == "series":
            return self._helps_of_series.get(raw["series"], 0)
        return int(role is not None and role.kind == Kind.HELP)

    def asks(self, step: str) -> bool:
        """Whether a step asks people for something."""
        role = self.role(step)
        return role is not None and role.kind == Kind.ASK

    def ways(self, step: str) -> list[tuple[str | None, bool]]:
        """Where a step leads: the next step (None: the end), and whether only buyers go there."""
        raw = self.steps[step]
        if not ways_of(raw):
            return [(following, False) for following in followers(raw)]
        return [(way.first, _is_buyers(raw, number)) for number, way in enumerate(ways_of(raw))]


def _is_buyers(raw: Mapping[str, Any], number: int) -> bool:
    """Whether one way of a fork is for those who have bought."""
    if raw["type"] == "wait_event":
        paths = raw.get("paths", [raw])
        return number < len(paths) and paths[number]["event"] == _PURCHASE
    conditions = [raw["when"]] if "when" in raw else [way.get("when") for way in raw.get("ways", ())]
    return number < len(conditions) and _asks_for_a_purchase(conditions[number])


def _asks_for_a_purchase(tree: Any) -> bool:
    if not isinstance(tree, Mapping):
        return False
    if tree.get("fact") in _BUYERS_FACTS:
        return bool(tree.get("op") not in {"lt", "lte", "ne", "empty"} and tree.get("value") not in (0, False))
    return any(_asks_for_a_purchase(part) for part in (*tree.get("all", ()), *tree.get("any", ())))


def _dead_ends(looked: _Looked) -> Iterator[Hint]:
    """A way on which the journey just ends, while others go on."""
    for step in looked.order:
        ways = looked.ways(step)
        if not any(first for first, _buyers in ways):
            continue
        for number, (first, is_buyers) in enumerate(ways):
            if first is None and not is_buyers:
                yield Hint("dead_end", step, {"way": number})


def _forgotten_refusers(looked: _Looked) -> Iterator[Hint]:
    """A message that asks, after which nothing is done about those who do not buy."""
    is_open: dict[str | None, bool] = {None: True}
    for step in reversed(looked.order):
        ways = looked.ways(step)
        waits = looked.steps[step]["type"] == "wait_event" and any(is_buyers for _first, is_buyers in ways)
        settles = looked.steps[step]["type"] in _SETTLED or waits
        is_open[step] = not settles and any(is_open[first] for first, is_buyers in ways if not is_buyers)
    for step in looked.order:
        if looked.asks(step) and is_open[step]:
            yield Hint("no_way_for_refusers", step)


def _hasty_asks(looked: _Looked) -> Iterator[Hint]:
    """A message that asks before enough others have helped, on one way at least.

    Who buys at the regular price already has been helped before.
    """
    helped = {looked.compiled["first"]: 0}
    for step in looked.order:
        count = helped[step]
        if looked.asks(step) and count < looked.readiness and not looked.stages[step] <= _CUSTOMERS:
            yield Hint("hasty_ask", step, {"helps": count, "wanted": looked.readiness})
        count += looked.helps(step)
        for first, _buyers in looked.ways(step):
            if first is not None:
                helped[first] = min(helped.get(first, count), count)


def _misplaced_messages(looked: _Looked) -> Iterator[Hint]:
    """A message for a stage on which nobody can be who comes there, as far as the journey itself says."""
    for step in looked.order:
        role, stages = looked.role(step), looked.stages[step]
        if role is not None and role.stage is not None and role.stage not in stages:
            yield Hint("wrong_stage", step, {"for": role.stage, "stages": sorted(stages)})


def _stages_along(looked: _Looked) -> dict[str, Stages]:
    """On which stages somebody may be who comes to each step."""
    known: dict[str, Stages] = {}
    if looked.compiled["first"] is not None:
        known[looked.compiled["first"]] = _stages_at_entry(looked.compiled)
    for step in looked.order:
        for first, after in _stages_after(looked, step, known[step]):
            if first is not None:
                known[first] = known.get(first, frozenset()) | after
    return known


def _stages_at_entry(compiled: Compiled) -> Stages:
    triggers = triggers_of(compiled)
    stages = frozenset[Stage]().union(*(_stages_of(each["event"], each["match"]) for each in triggers))
    fitting = stages_that_fit(compiled["entry"])
    return ((stages if triggers and not dates_of(compiled) else _EVERY_STAGE) & fitting) or fitting or _EVERY_STAGE


def _stages_of(event: str, match: Mapping[str, Any]) -> Stages:
    """On which stages somebody may be to whom this just happened."""
    if event == "stage.entered" and "to" in match:
        return frozenset({Stage(match["to"])})
    if event == _PURCHASE:
        return _AT_PURCHASE.get(str(match.get("kind")), _AT_PURCHASE["trial"])
    return _EVERY_STAGE


def _stages_after(looked: _Looked, step: str, stages: Stages) -> Iterator[tuple[str | None, Stages]]:
    """Each way out of a step, with the stages of those who take it."""
    raw = looked.steps[step]
    ways = looked.ways(step)
    if raw["type"] == "stage":
        yield ways[0][0], frozenset({Stage(raw["stage"])})
        return
    if raw["type"] == "wait_event":
        for (first, _buyers), path in zip(ways, raw.get("paths", [raw]), strict=False):
            told = _stages_of(path["event"], path["match"])
            yield first, stages if told == _EVERY_STAGE else told
        yield ways[-1][0], stages
        return
    conditions = [raw["when"]] if "when" in raw else [way.get("when") for way in raw.get("ways", ())]
    rest = stages
    for number, (first, _buyers) in enumerate(ways):
        tree = conditions[number] if number < len(conditions) else None
        yield first, (rest & stages_that_fit(tree)) or rest
        rest = (rest & stages_that_fit({"not": tree}) or rest) if tree else rest


def _moments(looked: _Looked) -> Iterator[Hint]:
    """Waits that let no time pass, or whose moment is over for everybody who comes there."""
    earliest: dict[str, int] = {looked.compiled["first"]: 0} if looked.compiled["first"] else {}
    for step in looked.order:
        raw, at = looked.steps[step], earliest[step]
        if _is_zero(raw):
            yield Hint("zero_wait", step)
        if raw["type"] == "wait_until":
            moment = _minute(raw)
            if at and moment <= at and not raw["business"]:
                yield Hint("late_moment" if moment < at else "no_time_passes", step, {"at": raw["at"]})
            at = moment + max(0, -(-(at - moment) // _DAY)) * _DAY
        for number, (first, _buyers) in enumerate(looked.ways(step)):
            if first is not None:
                later = at + _least_minutes(raw, number)
                earliest[first] = min(earliest.get(first, later), later)


def _is_zero(raw: Mapping[str, Any]) -> bool:
    if raw["type"] == "wait":
        return bool(raw["seconds"] <= 0 and raw.get("business_days", 0) <= 0)
    return raw["type"] == "wait_event" and raw["seconds"] is not None and raw["seconds"] <= 0


def _minute(raw: Mapping[str, Any]) -> int:
    hours, minutes = raw["at"].split(":")[:2]
    return int(raw["day"]) * _DAY + int(hours) * 60 + int(minutes)


def _least_minutes(raw: Mapping[str, Any], number: int) -> int:
    """How long somebody who takes that way has been at a step, at least."""
    if raw["type"] == "wait":
        return int(raw["seconds"]) // 60 + int(raw.get("business_days", 0)) * _DAY
    if raw["type"] == "wait_event" and number == len(raw.get("paths", [raw])):
        return int(raw["seconds"] or 0) // 60
    return 0


def _bursts(looked: _Looked) -> Iterator[Hint]:
    """Two messages on one channel with no wait between them, on one way at least."""
    just_sent: dict[str, dict[str, str]] = {looked.compiled["first"]: {}} if looked.compiled["first"] else {}
    for step in looked.order:
        raw, before = looked.steps[step], just_sent[step]
        if is_wait(raw):
            before = {}
        elif looked.role(step) is not None:
            channel = raw.get("channel", "")
            if channel in before:
                yield Hint("no_wait_between", step, {"after": before[channel]})
            before = {**before, channel: step}
        for first, _buyers in looked.ways(step):
            if first is not None:
                just_sent[first] = {**before, **just_sent.get(first, {})}


def _unreachable(looked: _Looked) -> Iterator[Hint]:
    """Steps that nobody comes to. Those behind another such step go without saying."""
    lost = looked.steps.keys() - set(looked.order)
    behind = {each for step in lost for each in ahead(looked.compiled, step) if each != step}
    for step in looked.steps:
        if step in lost - behind:
            yield Hint("unreachable", step)


def _impossible_goal(looked: _Looked) -> Iterator[Hint]:
    """A goal whose conditions contradict each other."""
    if looked.compiled["goal"] and not may_hold(looked.compiled["goal"]):
        yield Hint("goal_impossible", None)


def _held_back_receipts(looked: _Looked) -> Iterator[Hint]:
    """A message that people are owed, in a journey from which some are held back."""
    if not looked.compiled.get("holdout"):
        return
    for step in looked.order:
        role = looked.role(step)
        if role is not None and role.kind == Kind.TRANSACTIONAL:
            yield Hint("held_back_receipt", step)


_LOOKS = (
    _unreachable,
    _impossible_goal,
    _held_back_receipts,
    _moments,
    _bursts,
    _hasty_asks,
    _forgotten_refusers,
    _misplaced_messages,
    _dead_ends,
)
