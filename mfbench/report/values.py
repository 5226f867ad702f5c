"""From what a run has left to one plain dictionary that every face of a report reads.

Every part may be missing: an old run, one that is going on, one that failed, one that a script recorded.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

from mfbench.core import jsonio
from mfbench.core.errors import MfbenchError
from mfbench.core.structs import make_ready
from mfbench.report import findings, parts
from mfbench.stats.metrics import greater_is_better, usual_order

Read = Callable[[str], bytes | None]
_FILES: dict[str, tuple[str, Any]] = {
    "evaluation": ("evaluate/evaluation.json", parts.Evaluation),
    "explain": ("explain/explain.json", parts.Explain),
    "repeats": ("repeats/repeats.json", parts.Repeats),
    "profile": ("profile/profile.json", findings.Profile),
    "search": ("search/trials.json", findings.Search),
    "judged": ("gate/gates.json", findings.Gates),
    "gates": ("register/gates.json", findings.Gates),  # the same, and how many models this test set has judged
    "leakage": ("leakage/leakage.json", list[findings.Leak]),
}
_SHOWN = ("scikit-learn", "numpy", "scipy", "polars", "optuna", "lightgbm", "xgboost", "catboost", "torch", "mfbench")


def collect(
    run: dict[str, Any],
    artifacts: Read,
    points: dict[str, list[list[float]]] | None = None,
    registered: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Everything that a report says about a run.

    run: as `show_run` gives it. artifacts: the content of one of its files, or None.
    points: logged curves as {key: [[step, value], …]}. registered: the version that the run became, where another
    hand than the run's registered it.

    Keys: run, recipe, model, data, rows, params, metrics, evaluation, gates, search, explain, repeats, profile,
    leakage, checks, steps, points, provenance, missing (sentences: what a reader may look for in vain), problems
    (sentences: files that are there and cannot be read). A part that is missing is None.
    """
    problems: list[str] = []
    read = _reading(artifacts, problems)
    found = {key: _part(read, path, kind, problems) for key, (path, kind) in _FILES.items()}
    params = {str(key): value for key, value in (run.get("params") or {}).items()}
    evaluation, judged = found["evaluation"], found.pop("judged")
    if evaluation:
        evaluation["metrics"] = _ordered(evaluation["metrics"])
    recipe = _recipe(params, evaluation, read, run)
    for column in (found["profile"] or {}).get("columns", []):
        if column["kind"] == "target" and recipe and recipe["target"]:
            column["name"] = recipe["target"]  # an expression: the steps know the columns that it reads
    values = {
        "run": _about(run),
        "recipe": recipe,
        "model": _model(run, registered),
        "data": [_data(item) for item in run.get("data") or []],
        "rows": {part: int(params[f"rows.{part}"]) for part in ("train", "test", "gap") if _whole(params, part)},
        "params": params,
        "metrics": evaluation["metrics"] if evaluation else _logged(run),
        **found,
        "gates": found["gates"] or judged or _told_gates(run),
        "checks": [check for check in run.get("checks") or [] if not _is_leakage(check, found)],
        "steps": [{key: step.get(key) for key in ("step", "status", "cached", "seconds", "error")}
                  for step in run.get("steps") or []],
        "points": points or {},
        "provenance": _provenance(run, params, read),
        "problems": problems,
    }  # fmt: skip
    return {**values, "missing": _missing(values)}


def _reading(artifacts: Read, problems: list[str]) -> Read:
    """The same, but what is lost or damaged is noted and counts as missing."""

    def read(path: str) -> bytes | None:
        try:
            return artifacts(path)
        except MfbenchError as error:
            problems.append(f"{path} cannot be read: {error.message}")
            return None

    return read


def _part(artifacts: Read, path: str, kind: Any, problems: list[str]) -> Any:
    content = artifacts(path)
    if content is None:
        return None
    try:
        return msgspec.to_builtins(msgspec.convert(jsonio.loads(content), kind))
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        told = str(error).splitlines()[0]
        problems.append(f"{path} cannot be read: {told}")
        return None


def _ordered(metrics: dict[str, Any]) -> dict[str, Any]:
    """The best known first; which way is better is always said."""
    ordered = {key: dict(metrics[key]) for key in usual_order(metrics)}
    for key, metric in ordered.items():
        if metric["greater"] is None:
            metric["greater"] = greater_is_better(key)
    return ordered


def _logged(run: dict[str, Any]) -> dict[str, Any]:
    """Metrics as they were logged: the last value of each, without an interval."""
    logged = {str(item["key"]): item for item in run.get("run_metrics") or []}
    plain = {key: parts.MetricValue(value=item.get("last")) for key, item in logged.items()}
    for key, value in (run.get("metrics") or {}).items():
        plain.setdefault(str(key), parts.MetricValue(value=value))
    return _ordered({key: msgspec.to_builtins(metric) for key, metric in plain.items()})


def _about(run: dict[str, Any]) -> dict[str, Any]:
    names = ("run", "name", "status", "executor", "started", "ended", "host", "tags", "error")
    about = {name: run.get(name) for name in names}
    began, over = about["started"], about["ended"]
    about["seconds"] = None
    if isinstance(began, datetime) and isinstance(over, datetime):
        about["seconds"] = (over - began).total_seconds()
    told, usage = run.get("about") or {}, run.get("usage") or {}
    place = {"environment": told.get("environment"), "chosen": told.get("chosen"), "cpus": told.get("cpus")}
    took = {"limit": told.get("memory"), "peak_memory": usage.get("peak_memory"), "mean_cpu": usage.get("mean_cpu")}
    return {**about, **place, **took, "script": run.get("executor") == "script"}


def _recipe(params: dict[str, Any], evaluation: Any, artifacts: Read, run: dict[str, Any]) -> dict[str, Any] | None:
    text = artifacts("recipe.toml")
    if text is None and "recipe.name" not in params:
        return None
    return {
        "name": params.get("recipe.name") or run.get("recipe"),
        "description": params.get("recipe.description"),
        "task": params.get("recipe.task") or (evaluation or {}).get("task"),
        "target": params.get("data.target"),
        "positive": params.get("data.positive"),
        "metrics": _list(params.get("evaluate.metrics")),
        "overrides": (run.get("about") or {}).get("overrides") or [],
        "text": None if text is None else text.decode(errors="replace"),
    }


def _list(text: Any) -> list[str]:
    """A param that was a list: it is kept as JSON text."""
    try:
        found = json.loads(text) if isinstance(text, str) else text
    except ValueError:
        return []
    return [str(item) for item in found] if isinstance(found, list | tuple) else []


def _model(run: dict[str, Any], registered: dict[str, Any] | None) -> dict[str, Any] | None:
    if run.get("model"):
        return {"name": run["model"], "version": run.get("model_version"), "approved_by": None, "reason": None}
    if registered:
        by, why = registered.get("actor"), registered.get("reason")
        return {"name": registered["name"], "version": registered["version"], "approved_by": by, "reason": why}
    return None


def _data(item: dict[str, Any]) -> dict[str, Any]:
    schema = item.get("schema")
    try:
        columns = json.loads(schema) if isinstance(schema, str) else schema
    except ValueError:
        columns = None
    known = columns if isinstance(columns, dict) else {}
    return {"name": item.get("name"), "digest": item.get("digest"), "rows": item.get("rows"), "columns": known}


def _is_leakage(check: dict[str, Any], found: dict[str, Any]) -> bool:
    """Leakage checks tell their verdict as data checks do; their own table says more."""
    return found["leakage"] is not None and str(check.get("name")).startswith("leakage:")


def _whole(params: dict[str, Any], part: str) -> bool:
    return str(params.get(f"rows.{part}", "")).isdigit()


def _told_gates(run: dict[str, Any]) -> dict[str, Any] | None:
    """Gates as the run's events tell them: verdicts without intervals."""
    told = run.get("gates") or []
    if not told:
        return None
    gates = [
        findings.Gate(
            name=str(gate.get("name")), passed=bool(gate.get("passed")), observed=gate.get("observed"),
            verdict=gate.get("verdict") or ("passed" if gate.get("passed") else "refused"), bound=gate.get("bound"),
            against=gate.get("against"), note=gate.get("note"),
        )
        for gate in told
    ]  # fmt: skip
    built: dict[str, Any] = msgspec.to_builtins(findings.Gates(gates=gates))
    return built


def _provenance(run: dict[str, Any], params: dict[str, Any], artifacts: Read) -> dict[str, Any]:
    about = run.get("about") or {}
    content = artifacts("environment.txt")
    lines = content.decode(errors="replace").splitlines() if content else []
    environment = dict(line.split("==", 1) for line in lines if "==" in line)
    digests = {item["path"]: item["digest"] for item in run.get("artifacts") or []}
    dirty = str(params.get("git.dirty", "")).lower()
    return {
        "commit": params.get("git.commit"),
        "dirty": {"true": True, "false": False}.get(dirty),
        "patch": "uncommitted.patch" in digests,
        **{key: about.get(key) for key in ("mfbench", "python", "system", "machine", "actor", "cpus", "seed")},
        "libraries": {key: environment[key] for key in _SHOWN if key in environment},
        "environment": environment,
        "recipe_digest": digests.get("recipe.toml"),
        "rows_digest": digests.get("ingest/data.parquet"),
        "split_digest": digests.get("split/split.parquet"),
    }


def _missing(values: dict[str, Any]) -> list[str]:
    """What a reader of a recipe's report may look for in vain. A script's run never had these parts."""
    if values["run"]["script"] or values["recipe"] is None:
        return []
    params = values["params"]
    asked = {
        "evaluation": ("how sure the metrics are: intervals, curves, calibration, slices", True),
        "explain": ("which features matter", params.get("evaluate.importance") != "false"),
        "profile": ("a profile of the data", True),
        "leakage": ("what the leakage checks found", True),
        "search": ("the search", any(key.startswith("tune.") for key in params)),
        "repeats": ("the repeated trainings", params.get("evaluate.repeats", "1") not in ("1", "0")),
        "gates": ("the gates", bool(params.get("register.gates"))),
    }
    why = {"running": "not there yet", "finished": "this run was made without it"}
    reason = why.get(str(values["run"]["status"]), "the run ended before it")
    return [f"{what} ({reason})" for key, (what, wanted) in asked.items() if wanted and values[key] is None]


make_ready(*(kind for _, kind in _FILES.values()))
