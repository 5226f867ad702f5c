"""Judges the model by the recipe's gates, the champion's bundle beside it, and says so in gates.json and events."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from mfbench.bundle.manifest import Manifest
from mfbench.core import jsonio
from mfbench.core.hashing import digest_bytes
from mfbench.core.text import plural
from mfbench.data.fingerprint import fingerprints
from mfbench.data.units import ROW
from mfbench.journal.line import pack_number
from mfbench.recipe.gates import Gate, parse_gate
from mfbench.stats.metrics import RESOURCES
from mfbench.stats.resampling import MIN_UNITS
from mfbench.steps.context import StepContext
from mfbench.steps.identity import row_columns
from mfbench.steps.judging.by_segment import by_segment
from mfbench.steps.judging.court import Court, cost_of
from mfbench.steps.judging.gap import between_groups
from mfbench.steps.judging.verdicts import Finding, against_champion, against_number, counted, measure


def run(ctx: StepContext) -> None:
    court = Court(ctx)
    findings = [judge(court, parse_gate(text)) for text in ctx.config["gates"]]
    told = summary(court, findings)
    if told["excluded"]:
        left_out = f"{told['excluded']:,} of {plural(court.rows.height, 'held-out row')}"
        ctx.log(f"{left_out} left out of the comparison: {told['against']} was trained on them")
    elif not told["excluded_known"] and court.champion is not None and court.champion.trouble is None:
        ctx.log(f"{told['against']} does not tell its training rows: if some are among these, it has the advantage")
    for found in findings:
        numbers = [None if x is None else pack_number(x) for x in (found.difference, found.low, found.high)]
        bound = None if found.bound is None else pack_number(found.bound)
        ctx.emit("gate", found.name, found.passed, pack_number(found.observed), bound, found.against, found.note,
                 found.verdict, *numbers)  # fmt: skip
    ctx.output("gates.json").write_bytes(jsonio.pretty(told))


def judge(court: Court, gate: Gate) -> Finding:
    """One gate's finding."""
    name = None
    if gate.champion:
        if court.champion is None:
            return _unopposed(court, gate)
        name, trouble = court.champion.name, _trouble(court, gate)
        if trouble is not None:
            return trouble
    if gate.metric in RESOURCES:
        return _by_cost(court, gate)
    evidence, confidence = court.unseen if gate.champion else court.evidence, court.confidence
    if gate.gap:
        return between_groups(gate, evidence, court.groups(gate), court.min_rows)
    if gate.by is not None:
        return by_segment(gate, evidence, court.groups(gate), name, confidence)
    if name is not None:
        return against_champion(gate, evidence, name, confidence)
    told = court.ctx.json("evaluate", "evaluation.json")["metrics"].get(gate.metric)
    observed = court.ctx.json("evaluate", "metrics.json")[gate.metric]
    return against_number(gate, observed, court.rows.height, told)


def _unopposed(court: Court, gate: Gate) -> Finding:
    """Nothing to compare with: passed, unless the model has no figure at all."""
    observed = _observed(court, gate)
    known = not math.isnan(observed)
    note = "it is the champion" if court.named else "there is no other champion to compare with"
    return Finding(
        name=gate.text, verdict="passed" if known else "refused", passed=known, observed=observed,
        against=court.named["name"] if court.named else None, rows=court.rows.height,
        method="equal" if court.named else "point", note=note if known else f"{gate.metric} has no value here",
    )  # fmt: skip


def _trouble(court: Court, gate: Gate) -> Finding | None:
    """Why there is no verdict against this champion; None where there can be one."""
    champion = court.champion
    assert champion is not None
    if champion.trouble is not None:
        return Finding(name=gate.text, verdict="refused", passed=False, observed=_observed(court, gate),
                       against=champion.name, rows=0, method="point", note=champion.trouble)  # fmt: skip
    if gate.metric in RESOURCES:
        return None
    left, unit, least = len(court.unseen.ours), court.unseen.unit, court.min_rows
    units = court.unseen.bootstrap.units
    if left >= least and units >= MIN_UNITS:
        return None
    there = f"{plural(left, 'row')} held out"
    if left < court.rows.height:
        there = f"{plural(left, 'row')} of {court.rows.height:,} held out left that {champion.name} was not trained on"
        alike = champion.model is not None and _known_by_all(champion.model.manifest)
        hint = "hold out newer rows than its own" + (
            "; or give the data a row id (data.key): without one, rows that are alike count as one" if alike else ""
        )
    else:
        hint = "hold out more (data.split.test)"
    by_row = unit == ROW
    count = "" if by_row else f" ({counted(units, unit)})"
    needed = f"{least:,} rows (register.min_rows)" + ("" if by_row else f" and {counted(MIN_UNITS, unit)}")
    note = f"{there}{count}: needed are {needed}; {hint}"
    return Finding(name=gate.text, verdict="unknown", passed=False, observed=_observed(court, gate),
                   against=champion.name, rows=left, units=units, method="point", note=note)  # fmt: skip


def _observed(court: Court, gate: Gate) -> float:
    """The model's own figure, on all held-out rows."""
    resource = gate.metric in RESOURCES
    return court.cost(gate.metric) if resource else measure(gate.metric, court.evidence.ours)


def _by_cost(court: Court, gate: Gate) -> Finding:
    observed, champion = court.cost(gate.metric), court.champion
    found = against_number(gate, observed, court.rows.height, None)
    if not gate.champion or champion is None or champion.model is None:
        return found
    bound = cost_of(gate.metric, champion.model, court.rows) + gate.number
    passed = gate.passes(observed, bound)
    return msgspec.structs.replace(found, bound=bound, against=champion.name, passed=passed,
                                   verdict="passed" if passed else "refused")  # fmt: skip


def summary(court: Court, findings: Sequence[Finding]) -> dict[str, Any]:
    """gates.json. `data` stands for the held-out rows, whatever the models learned from."""
    champion = court.champion
    seen = champion.seen if champion else None
    theirs = court.unseen.theirs if champion else None
    marks = np.sort(fingerprints(court.rows, row_columns(court.ctx, court.rows))).astype("<u8")
    metrics = court.ctx.json("evaluate", "metrics.json") if theirs is not None and len(theirs) else ()
    return {
        "rows": len(court.unseen.ours),
        "excluded": 0 if seen is None else int(seen.sum()),
        "excluded_known": champion is None or seen is not None,
        "against": court.named["name"] if court.named else None,
        "champion": court.named,
        "data": digest_bytes(marks.tobytes()),
        "confidence": court.confidence,
        "champion_metrics": {name: {"value": measure(name, theirs)} for name in metrics} if theirs else {},
        "gates": findings,
    }


def _known_by_all(manifest: Manifest) -> bool:
    """Whether its rows are told apart by all of their columns, for want of a key."""
    return manifest.trained is not None and len(manifest.trained.columns) > 1
