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


def judge(
    gates: tuple[str, ...], metrics: dict[str, float], champion: Version | None, data: str, digest: str
) -> list[GateResult]:
    """Every gate's result. `data` stands for the rows and their split, to say when the champion's were others;
    `digest` is the bundle's: the champion itself need not be better than the champion."""
    return [_judge(text, metrics, champion, data, digest) for text in gates]


def _judge(text: str, metrics: dict[str, float], champion: Version | None, data: str, digest: str) -> GateResult:
    gate = parse_gate(text)
    observed = metrics.get(gate.metric, math.nan)
    if gate.metric not in metrics:
        note = f"{gate.metric} is not evaluated; evaluated are {', '.join(metrics)}"
        return GateResult(text, False, observed, None, None, note)
    if not gate.champion:
        return GateResult(text, gate.passes(observed, gate.number), observed, gate.number, None)
    if champion is None or champion.digest == digest:
        note = "there is no champion yet" if champion is None else "it is the champion"
        return GateResult(text, not math.isnan(observed), observed, None, champion.name if champion else None, note)
    theirs = champion.metrics.get(gate.metric, math.nan)
    if math.isnan(theirs):
        note = f"{champion.name} has no {gate.metric}: evaluate it with this metric, or drop the gate"
        return GateResult(text, False, observed, None, champion.name, note)
    bound = gate.bound(theirs)
    assert bound is not None
    note = "" if champion.data == data else "measured on other rows than the champion's"
    return GateResult(text, gate.passes(observed, bound), observed, bound, champion.name, note)
