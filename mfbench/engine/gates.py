"""Whether a recipe's gates ask for what the run will have: light, without the data and without a framework."""

from __future__ import annotations

from collections.abc import Sequence

from mfbench.core.text import did_you_mean
from mfbench.recipe.gates import Gate, parse_gate
from mfbench.recipe.loaded import LoadedRecipe
from mfbench.stats.metrics import METRICS, RESOURCES, greater_is_better


def check_gates(loaded: LoadedRecipe, computed: Sequence[str]) -> None:
    """Raises RecipeError for a gate on what is not evaluated, or against its metric's sense."""
    for i, text in enumerate(loaded.recipe.register.gates if loaded.recipe.register else ()):
        gate = parse_gate(text)
        told, hint = _wrong(gate, computed)
        if told:
            raise loaded.error(("register", "gates", i), told, hint)


def _wrong(gate: Gate, computed: Sequence[str]) -> tuple[str | None, str | None]:
    if gate.metric in RESOURCES:
        if gate.by:
            return f"{gate.metric} is the whole model's: it has no value by {gate.by!r}", "take the `by` out"
    elif gate.metric not in computed:
        known = [*computed, *RESOURCES]
        more = f"name it in evaluate.metrics, or gate one of: {', '.join(known)}"
        hint = more if gate.metric in METRICS else did_you_mean(gate.metric, known)
        return f"the gate's metric {gate.metric!r} is not evaluated", hint
    greater = greater_is_better(gate.metric)
    if gate.champion and greater is not None and gate.greater != greater:
        sense = "more" if greater else "less"
        op, sign = (">=", "-") if greater else ("<=", "+")
        return (
            f"{gate.text!r} asks to be no better than the champion: {sense} {gate.metric} is better",
            f"'{gate.metric} {op} champion {sign} {abs(gate.number):g}'",
        )
    return None, None
