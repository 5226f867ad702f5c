"""Two to eight runs beside one another: what differs, in what comes out and in what went in.

The first run is what the others are compared with. Intervals that do not touch show a difference; where they do, only
a paired test on the same rows can, which is what a gate against the champion makes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mfbench.report import words
from mfbench.report.blocks import Block, Cell, Name, Notes, Row, Section, Table
from mfbench.report.sections.gates import verdict
from mfbench.stats.metrics import usual_order

Values = dict[str, Any]
LETTERS = "ABCDEFGH"
_ELSEWHERE = ("git.", "rows.")  # params that have a table of their own


def compare(runs: Sequence[Values]) -> Values:
    """The differences between runs, each as `collect` gives it, lists in the runs' order.

    {runs, metrics: {key: {greater, values, differences, better, apart, best}}, params: {key: [value or None]},
    data, code, versions, gates: {name: [gate or None]}, notes}. differences: to the first run; better: of each against
    the first, None where it cannot be said; apart: whether its interval does not touch the first's.
    """
    return {
        "runs": [{**run["run"], "model": run["model"]} for run in runs],
        "metrics": _metrics(runs),
        "params": _differing([_params(run) for run in runs]),
        "data": _data(runs),
        "code": {key: [run["provenance"][key] for run in runs] for key in ("commit", "dirty")},
        "versions": _differing([_versions(run) for run in runs]),
        "gates": _gates(runs),
        "notes": _notes(runs),
    }


def sections(compared: Values) -> list[Section]:
    """The blocks that both faces draw: those that hold a difference, and the metrics."""
    parts: list[tuple[str, str, Sequence[Block]]] = [
        ("runs", "Runs", [_runs_table(compared)]),
        ("metrics", "Metrics", _metrics_blocks(compared)),
        ("gates", "Gates", [_gates_table(compared)] if compared["gates"] else []),
        ("params", "Params that differ", _rows_table("param", compared["params"])),
        ("data", "Data", _rows_table("", _known(compared["data"]))),
        ("code", "Code", _rows_table("", _known(compared["code"]))),
        ("versions", "Versions that differ", _rows_table("", compared["versions"])),
    ]
    return [Section(key, title, blocks) for key, title, blocks in parts if blocks]


def _metrics(runs: Sequence[Values]) -> Values:
    keys = usual_order(key for run in runs for key in run["metrics"])
    return {key: _metric([run["metrics"].get(key) for run in runs]) for key in keys}


def _metric(items: list[Values | None]) -> Values:
    greater = next(item["greater"] for item in items if item)
    values = [{part: item[part] for part in ("value", "low", "high")} if item else None for item in items]
    first, sign = values[0], 1 if greater else -1
    known = [(sign * item["value"], i) for i, item in enumerate(values)
             if item and words.known(item["value"]) and greater is not None]  # fmt: skip
    differences = [_difference(first, item) if i else None for i, item in enumerate(values)]
    return {
        "greater": greater,
        "values": values,
        "differences": differences,
        "better": [None if not each or greater is None else sign * each > 0 for each in differences],
        "apart": [_apart(first, item) if i else None for i, item in enumerate(values)],
        "best": max(known, key=lambda item: (item[0], -item[1]))[1] if len(known) > 1 else None,
    }


def _difference(first: Values | None, item: Values | None) -> float | None:
    if not first or not item or not words.known(first["value"]) or not words.known(item["value"]):
        return None
    return float(item["value"] - first["value"])


def _apart(first: Values | None, item: Values | None) -> bool | None:
    if not first or not item:
        return None
    low, high, other_low, other_high = (one[part] for one in (first, item) for part in ("low", "high"))
    if not all(map(words.known, (low, high, other_low, other_high))):
        return None
    return bool(other_high < low or other_low > high)


def _params(run: Values) -> Values:
    return {key: value for key, value in run["params"].items() if not key.startswith(_ELSEWHERE)}


def _versions(run: Values) -> Values:
    own = {key: run["provenance"][key] for key in ("mfbench", "python") if run["provenance"][key]}
    return {**run["provenance"]["environment"], **own}


def _differing(maps: list[Values]) -> dict[str, list[Any]]:
    keys = sorted({key for item in maps for key in item})
    rows = {key: [item.get(key) for item in maps] for key in keys}
    return {key: row for key, row in rows.items() if any(value != row[0] for value in row)}


def _data(runs: Sequence[Values]) -> Values:
    def sources(part: str) -> list[Any]:
        found = [[item[part] for item in run["data"]] for run in runs]
        return [items[0] if len(items) == 1 else items or None for items in found]

    return {"digest": sources("digest"), "rows": sources("rows"),
            **{part: [run["rows"].get(part) for run in runs] for part in ("train", "test", "gap")}}  # fmt: skip


def _gates(runs: Sequence[Values]) -> dict[str, list[Any]]:
    maps = [{gate["name"]: gate for gate in (run["gates"] or {}).get("gates") or []} for run in runs]
    names = dict.fromkeys(name for item in maps for name in item)
    return {name: [item.get(name) for item in maps] for name in names}


def _notes(runs: Sequence[Values]) -> list[str]:
    told = []
    for letter, run in zip(LETTERS, runs, strict=False):
        if run["run"]["status"] != "finished":
            told.append(f"{letter} is {words.name(run['run']['status'])}: what it has is not its last word.")
        if any(leak["level"] == "alarm" for leak in run["leakage"] or []):
            told.append(f"{letter} has a leakage alarm: its metrics may be too good.")
    tested = [_tested(run) for run in runs]
    other = [letter for letter, rows in zip(LETTERS, tested, strict=False) if rows and tested[0] and rows != tested[0]]
    if other:
        verb = "were" if len(other) > 1 else "was"
        told.append(f"{words.join(other)} {verb} tested on other rows than A: a difference in a metric may be theirs.")
    return told


def _tested(run: Values) -> tuple[Any, ...] | None:
    """What stands for the rows that a run was tested on."""
    facts = run["provenance"]
    if facts["rows_digest"] and facts["split_digest"]:
        return (facts["rows_digest"], facts["split_digest"])
    return None


def _runs_table(compared: Values) -> Table:
    rows: list[Row] = []
    for letter, run in zip(LETTERS, compared["runs"], strict=False):
        model = f"{words.name(run['model']['name'])}:{run['model']['version']}" if run["model"] else ""
        started = words.moment(run["started"]) if run["started"] else ""
        name, status = words.name(run["name"], 60), words.name(run["status"], 20)
        rows.append([letter, Name(words.name(run["run"])), Name(name), status, Name(model) if model else "", started])
    return Table(["", "run", "name", "status", "model", "started"], rows, left=6)


def _metrics_blocks(compared: Values) -> list[Block]:
    notes = [Notes(compared["notes"])] if compared["notes"] else []
    if not compared["metrics"]:
        return [*notes]
    letters = LETTERS[: len(compared["runs"])]
    rows: list[Row] = []
    for key, metric in compared["metrics"].items():
        cells = [_metric_cell(metric, i) for i in range(len(letters))]
        rows.append([Name(words.name(key, 60)), words.sense(metric["greater"]), *cells])
    note = (
        "The best of each is set bold. Clearly: the intervals do not touch; where they do, only a paired test on the "
    )
    note += "same rows can tell, such as a gate against the champion."
    return [*notes, Table(["metric", "better", *letters], rows, left=2, note=note)]


def _metric_cell(metric: Values, i: int) -> Cell:
    item, difference = metric["values"][i], metric["differences"][i]
    if item is None:
        return Cell(words.NOTHING)
    text = _told(item)
    if difference is not None:
        verdicts = {True: "better", False: "worse", None: "same"}
        if words.measured(metric["values"][0]["value"]) == words.measured(item["value"]):
            return Cell(f"{text}, the same", item["value"], strong=metric["best"] == i)
        clearly = "clearly " if metric["apart"][i] else ""
        verdict = verdicts[metric["better"][i]] if metric["greater"] is not None else "apart"
        text += f", {words.signed(_rounded(difference))} {clearly}{verdict}"
    return Cell(text, item["value"], strong=metric["best"] == i)


def _told(item: Values) -> str:
    """The value to four digits, so that small differences show, and its interval."""
    _, low, high = words.estimate(item["value"], item["low"], item["high"])
    told = words.measured(item["value"])
    return told if low == words.NOTHING else f"{told} ({low} to {high})"


def _rounded(difference: float) -> float:
    return float(f"{difference:.2g}")


def _gates_table(compared: Values) -> Table:
    letters = LETTERS[: len(compared["runs"])]
    rows: list[Row] = [
        [Name(words.name(name, 100)),
         *(f"{verdict(gate)}, {words.number(gate['observed'])}" if gate else words.NOTHING for gate in row)]
        for name, row in compared["gates"].items()
    ]  # fmt: skip
    return Table(["gate", *letters], rows, left=1 + len(letters))


def _known(found: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """What is known of some run: that all agree is an answer too. Digests and commits by their beginning."""
    some = {key: row for key, row in found.items() if any(value is not None for value in row)}
    for key in some.keys() & {"digest", "commit"}:
        some[key] = [value[:12] if isinstance(value, str) else value for value in some[key]]
    return some


def _rows_table(head: str, found: dict[str, list[Any]]) -> list[Block]:
    if not found:
        return []
    runs = len(next(iter(found.values())))
    rows: list[Row] = [[Name(words.name(key, 80)), *(_plain(value) for value in row)] for key, row in found.items()]
    note = f"The first 200 of {len(rows):,}." if len(rows) > 200 else ""
    return [Table([head, *LETTERS[:runs]], rows[:200], left=1 + runs, note=note)]


def _plain(value: Any) -> str:
    if value is None:
        return words.NOTHING
    if isinstance(value, list):
        value = ", ".join(words.name(item) for item in value)
    return Name(
        words.number(value) if isinstance(value, int) and not isinstance(value, bool) else words.name(value, 64)
    )
