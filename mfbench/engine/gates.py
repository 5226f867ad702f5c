"""Whether a model may be registered: its metrics against the recipe's gates."""

from __future__ import annotations

import math
from dataclasses import dataclass

from mfbench.recipe.gates import parse_gate
from mfbench.registry.models import Version


@dataclass(frozen=True)
class GateResult:
    """`bound` is None where there is no champion to compare with, which passes. `against`: its name."""

    name: str
    passed: bool
    observed: float
    bound: float | None
    against: str | None
    note: str = ""


def judge(gates: tuple[str, ...], metrics: dict[str, float], champion: Version | None, data: str) -> list[GateResult]:
    """Every gate's result. `data` is the digest of the test rows' origin, to say when it differs."""
    return [_judge(text, metrics, champion, data) for text in gates]


def _judge(text: str, metrics: dict[str, float], champion: Version | None, data: str) -> GateResult:
    gate = parse_gate(text)
    observed = metrics.get(gate.metric, math.nan)
    if not gate.champion:
        return GateResult(text, gate.passes(observed, gate.number), observed, gate.number, None)
    if champion is None:
        passed = not math.isnan(observed)
        return GateResult(text, passed, observed, None, None, "there is no champion yet")
    theirs = champion.metrics.get(gate.metric)
    if theirs is None:
        note = f"{champion.name} has no {gate.metric}: evaluate it with this metric, or drop the gate"
        return GateResult(text, False, observed, None, champion.name, note)
    bound = gate.bound(theirs)
    assert bound is not None
    note = "" if champion.data == data else "measured on other rows than the champion's"
    return GateResult(text, gate.passes(observed, bound), observed, bound, champion.name, note)
