"""The last step of a verification: what came out, held against what was recorded."""

from __future__ import annotations

import time
from typing import Any

from mfbench.engine.run import Run
from mfbench.engine.verify.inputs import INGEST
from mfbench.engine.verify.recorded import Recorded
from mfbench.engine.verify.repeat import Repeat
from mfbench.engine.verify.verdict import DIVERGED, StepVerdict, Verdict, conclude, judge
from mfbench.journal.reader import read_events
from mfbench.recipe.environment import redact

COMPARE = "compare"  # nothing of a recipe is called so


def compare(run: Run, recorded: Recorded, plan: Repeat, failed: tuple[str, str] | None, same_data: bool) -> Verdict:
    """As a step of the run, each step's verdict told as it is reached."""
    run.writer.write("step.started", COMPARE)
    began = time.perf_counter()

    def tell(one: StepVerdict) -> None:
        if one.status in ("differs", "failed"):
            run.writer.write("log", "warning", f"{one.step} {one.status}: {_clean(one.difference or '', run)}")

    after = {name: result.outputs for name, result in run.results.items()}
    metrics = {
        (fields[0], fields[1]): fields[2]
        for result in run.results.values()
        for kind, *fields in result.events
        if kind == "m" and (len(fields) < 4 or fields[3] is None)
    }
    found = judge(recorded.job.steps, recorded.outputs, after, run.blobs, plan.not_repeated, failed, tell)
    conclude(found, recorded.metrics, metrics, same_data or found.step != INGEST)
    found.findings = _clean(found.findings, run)
    for step in found.steps:
        step.difference = _clean(step.difference, run)
    run.writer.write("log", "info", found.verdict + (f" at step {found.step}" if found.step else ""))
    took = round(time.perf_counter() - began, 6)
    status = "failed" if found.verdict == DIVERGED else "finished"
    run.writer.write("step.ended", COMPARE, None, status, False, took, {}, None)
    return found


def failed_step(run: Run) -> tuple[str, str] | None:
    """The step whose own failure ended the run, with what it said: that is a result, not an accident."""
    if run.outcome.status != "failed":
        return None
    for _, _, kind, *fields in read_events(run.folder / "events"):
        if kind == "step.ended" and fields[2] in ("failed", "refused") and fields[6] == run.outcome.error:
            return fields[0], f"it fails here: {fields[6]['message']}"
    return None


def _clean(value: Any, run: Run) -> Any:
    """Without the values of the recipe's variables."""
    if isinstance(value, str):
        return redact(value, run.variables)
    if isinstance(value, dict):
        return {key: _clean(item, run) for key, item in value.items()}
    return [_clean(item, run) for item in value] if isinstance(value, list) else value
