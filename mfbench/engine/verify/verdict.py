"""What a verification has found: step by step, what came out as it was and what did not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from mfbench.core import jsonio
from mfbench.core.hashing import is_digest
from mfbench.engine.verify.recorded import Outputs, Point
from mfbench.journal.blobs import Blobs
from mfbench.journal.line import unpack_number
from mfbench.worker.job import JobStep

IDENTICAL, SAME, DIVERGED = "bit-identical", "same metrics", "diverged"
LOOKED_INTO, MOST = 30, 5  # files of a step that differ: how many are compared, and how many told of


class StepVerdict(msgspec.Struct, kw_only=True):
    """status: identical, differs, followed (its input differs already), failed, not reached, not repeated.

    outputs: how many files. followed: the step where it began. difference: the first, as a sentence.
    """

    step: str
    status: str
    outputs: int = 0
    followed: str | None = None
    difference: str | None = None


class Verdict(msgspec.Struct, kw_only=True):
    """verdict: bit-identical, same metrics or diverged; step: the first whose outputs differ.

    since: the first step that was repeated, where that is not the first of all. findings: {step, file, kind, where,
    before, after, count, total, largest, relative, others, text}. metrics: name to {before, after, difference}, those
    that differ, as a journal has numbers. left_out: what was not compared, with the reason.
    """

    verdict: str
    step: str | None = None
    since: str | None = None
    steps: list[StepVerdict] = []
    findings: list[dict[str, Any]] = []
    metrics: dict[str, dict[str, Any]] = {}
    compared_metrics: int = 0
    left_out: list[str] = []


def judge(
    steps: tuple[JobStep, ...],
    before: Mapping[str, Outputs],
    after: Mapping[str, Outputs],
    blobs: Blobs,
    not_repeated: Mapping[str, str],
    failed: tuple[str, str] | None = None,
    tell: Callable[[StepVerdict], None] = lambda _: None,
) -> Verdict:
    """Compares what each step made: outputs by step. failed: (the step that did not come to its end, why)."""
    found = Verdict(verdict=IDENTICAL)
    roots: dict[str, str] = {}  # of each step that differs, where that began
    for step in steps:
        one = StepVerdict(step=step.name, status="identical", outputs=len(before[step.name]))
        if step.name in not_repeated:
            one.status, one.difference = "not repeated", not_repeated[step.name]
        elif failed and step.name == failed[0]:
            one.status, one.difference = "failed", failed[1]
            found.findings.append({"step": step.name, "kind": "failed", "text": failed[1]})
        elif step.name not in after:
            one.status = "not reached"
        else:
            findings = _compare(step.name, before[step.name], after[step.name], blobs, found.left_out)
            if findings:
                one.followed = next((roots[need] for need in step.needs if need in roots), None)
                one.status = "followed" if one.followed else "differs"
                one.difference = f"{findings[0]['file']}: {findings[0]['text']}"
                roots[step.name] = one.followed or step.name
                found.findings += findings
        if one.status in ("failed", "differs") and found.step is None:
            found.step = step.name
        found.steps.append(one)
        tell(one)
    repeated = [step.name for step in steps if step.name not in not_repeated]
    if repeated and repeated[0] != steps[0].name:
        found.since = repeated[0]
    return found


def conclude(
    found: Verdict, before: tuple[Point, ...], after: Mapping[tuple[str, int], Any], same_data: bool
) -> Verdict:
    """The verdict, once the metrics are known. Other data never has the same metrics but by chance."""
    there = [point for point in before if point[0:2] in after or found.since is None]
    for key, step, value in there:
        theirs = after.get((key, step))
        if theirs != value:
            name = key if step == 0 else f"{key} at {step}"
            old, new = (None if each is None else unpack_number(each) for each in (value, theirs))
            gap = None if old is None or new is None else abs(new - old)
            found.metrics[name] = {"before": value, "after": theirs, "difference": gap}
    found.compared_metrics = len(there)
    whole = not any(step.status in ("failed", "not reached") for step in found.steps)
    if found.step is None and whole:
        found.verdict = IDENTICAL if not found.metrics else DIVERGED
    else:
        found.verdict = SAME if whole and same_data and there and not found.metrics else DIVERGED
    return found


def _compare(step: str, before: Outputs, after: Outputs, blobs: Blobs, left_out: list[str]) -> list[dict[str, Any]]:
    """The differences of a step's files, those that say most first."""
    odd = [name for name in sorted({*before, *after}) if before.get(name, ("",))[0] != after.get(name, ("",))[0]]
    told = (_one(step, name, before.get(name), after.get(name), blobs, left_out) for name in odd[:LOOKED_INTO])
    return sorted((each for each in told if each), key=_rank)[:MOST]


def _rank(finding: dict[str, Any]) -> tuple[bool, bool]:
    """What only names the digest of another file says less than that file, and other bytes of equal values least."""
    return finding["kind"] == "form", is_digest(finding["before"])


def _one(
    step: str, name: str, before: tuple[str, int] | None, after: tuple[str, int] | None, blobs: Blobs,
    left_out: list[str],
) -> dict[str, Any] | None:  # fmt: skip
    from mfbench.compare.difference import Difference
    from mfbench.compare.files import compare_files
    from mfbench.compare.volatile import WHOLE

    if (step, name) in WHOLE:
        left_out.append(f"{step}/{name}: {WHOLE[step, name]}")
        return None
    if before is None or after is None:
        kind = "added" if before is None else "missing"
        where = "there was no such file" if before is None else "the file is not made any more"
        found: Difference | None = Difference(file=name, kind=kind, where=where)
    elif not blobs.has(*before):
        found = Difference(file=name, kind="bytes", where="what was recorded is gone: nothing can tell how it differs")
    else:
        paths = blobs.path(before[0]), blobs.path(after[0])
        skipped = _volatile(step, name, paths[0])
        left_out += [f"{step}/{name}: {reason}" for reason in dict.fromkeys(skipped.values())]
        found = compare_files(name, *paths, tuple(skipped))
    return {"step": step, **msgspec.to_builtins(found), "text": found.sentence()} if found else None


def _volatile(step: str, name: str, path: Path) -> dict[str, str]:
    """Patterns of what may differ in a file, with the reason; a file that cannot be read has none."""
    from mfbench.compare.volatile import volatile

    try:
        return volatile(step, name, jsonio.loads(path.read_bytes())) if name.endswith(".json") else {}
    except (msgspec.MsgspecError, KeyError, TypeError, ValueError, OSError, IndexError):
        return {}
