"""The search space of [tune]: what each entry may be, as the recipe writes it. Pure: no Optuna, no numbers library.

`"log 0.01..0.3"`, `"15..127"`, `"0..100 step 5"`, `[5, 20, 100]`, `{ range = "2..6", when = { "model.loss" = "x" } }`
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mfbench.recipe.schema import Space, Tune

CANDIDATE = "model"  # the entry that chooses among [tune.candidates]
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?"
_RANGE = re.compile(rf"\s*(log\s+)?({_NUMBER})\s*\.\.\s*({_NUMBER})(?:\s+step\s+({_NUMBER}))?\s*", re.IGNORECASE)
_FORMS = "write '15..127', '0.1..0.9', 'log 0.001..0.3', '0..100 step 5', or a list of values"


@dataclass(frozen=True)
class Axis:
    """One entry: numbers from `low` to `high`, both included, or `choices`. `when`: other entries' allowed values."""

    name: str
    low: float = 0.0
    high: float = 0.0
    integer: bool = False
    log: bool = False
    step: float | None = None
    choices: tuple[Any, ...] = ()
    when: tuple[tuple[str, tuple[Any, ...]], ...] = ()

    def ends(self) -> list[Any]:
        """The values that a check tries: both ends, or every choice."""
        return list(self.choices) or [self._typed(self.low), self._typed(self.high)]

    def grid(self) -> list[Any] | None:
        """Every value; None where they cannot be counted."""
        if self.choices:
            return list(self.choices)
        count, step = self.count(), self.step or 1.0
        return None if count is None else [self._typed(round(self.low + i * step, 12)) for i in range(count)]

    def count(self) -> int | None:
        """How many values; None where they cannot be counted."""
        if self.choices:
            return len(self.choices)
        step = self.step or (1.0 if self.integer and not self.log else None)
        return None if step is None else int((self.high - self.low) / step + 1e-9) + 1

    def holds(self, value: Any) -> bool:
        """Whether a value of the recipe lies in this entry."""
        if self.choices:
            return any(as_word(value) == as_word(choice) for choice in self.choices)
        return isinstance(value, int | float) and not isinstance(value, bool) and self.low <= value <= self.high

    def exists(self, chosen: dict[str, Any]) -> bool:
        """Whether this entry applies beside the values of others."""
        return all(name in chosen and chosen[name] in allowed for name, allowed in self.when)

    def _typed(self, number: float) -> int | float:
        return round(number) if self.integer else float(number)


def parse_axis(name: str, space: Space) -> Axis:
    """Raises ValueError that says what is wrong with the entry and how it is written."""
    when = tuple((key, tuple(value) if isinstance(value, list | tuple) else (value,))
                 for key, value in space.when.items())  # fmt: skip
    if (space.range is None) == (space.choices is None):
        raise ValueError(f"an entry has either a range or choices; {_FORMS}")
    if space.choices is not None:
        words = [as_word(choice) for choice in space.choices]
        if not words:
            raise ValueError("the list is empty: there is nothing to choose")
        twice = next((word for word in words if words.count(word) > 1), None)
        if twice is not None:
            raise ValueError(f"{twice} stands twice in the list")
        return Axis(name, choices=space.choices, when=when)
    match = _RANGE.fullmatch(space.range or "")
    if not match:
        raise ValueError(f"{space.range!r} is no range; {_FORMS}")
    log, low, high, step = bool(match[1]), float(match[2]), float(match[3]), match[4]
    integer = all(re.fullmatch(r"[+-]?\d+", part) for part in (match[2], match[3], step or "1"))
    if low >= high:
        raise ValueError(f"the range {space.range!r} is empty: {match[2]} is not less than {match[3]}")
    if max(-low, high) > (2**53 if integer else sys.float_info.max):
        raise ValueError(f"the range {space.range!r} is too wide: its numbers cannot be told apart")
    if log and low <= 0:
        raise ValueError(f"a log range needs numbers above 0, found {match[2]}")
    if log and step:
        raise ValueError("a log range has no step")
    if step and not 0 < float(step) <= high - low:
        raise ValueError(f"the step {step} does not fit into {match[2]}..{match[3]}")
    return Axis(name, low, high, integer, log, float(step) if step else None, when=when)


def axes(tune: Tune) -> dict[str, Axis]:
    """Every entry by name, those that others depend on first. Candidates' own entries are `NAME.parameter`."""
    found: list[Axis] = []
    if tune.candidates:
        found.append(Axis(CANDIDATE, choices=tuple(tune.candidates)))
    found += [parse_axis(name, space) for name, space in tune.space.items()]
    for label, candidate in tune.candidates.items():
        for name, space in candidate.space.items():
            when = {**space.when, CANDIDATE: label}
            found.append(parse_axis(f"{label}.{name}", Space(range=space.range, choices=space.choices, when=when)))
    ordered: dict[str, Axis] = {}
    while found:
        ready = [axis for axis in found if all(name in ordered for name, _ in axis.when)]
        if not ready:
            missing = next(name for name, _ in found[0].when if name not in ordered)
            cycle = any(axis.name == missing for axis in found)
            why = "which in turn waits for others" if cycle else "and there is no such entry"
            raise ValueError(f"{found[0].name!r} exists when {missing!r} has a value, {why}")
        ordered |= {axis.name: axis for axis in ready}
        found = [axis for axis in found if axis.name not in ordered]
    return ordered


def grid(space: dict[str, Axis]) -> Iterator[dict[str, Any]]:
    """Every combination, each once: an entry that does not exist beside the others is left out."""
    values = {name: axis.grid() or [] for name, axis in space.items()}

    def extended(point: dict[str, Any], rest: list[Axis]) -> Iterator[dict[str, Any]]:
        if not rest:
            yield point
        elif rest[0].exists(point):
            for value in values[rest[0].name]:
                yield from extended({**point, rest[0].name: value}, rest[1:])
        else:
            yield from extended(point, rest[1:])

    yield from extended({}, list(space.values()))


def as_word(value: Any) -> str:
    """A value as text in which 1, 1.0, true and "1" differ."""
    return json.dumps(value, sort_keys=True, default=str)
