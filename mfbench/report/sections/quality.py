"""How good the model is, and how sure that is."""

from __future__ import annotations

from functools import partial
from typing import Any

from mfbench.core.text import plural
from mfbench.report import words
from mfbench.report.blocks import Block, Cell, Gallery, Name, Notes, Row, Section, Table
from mfbench.report.figures.calibration import calibration
from mfbench.report.figures.confusion import confusion
from mfbench.report.figures.curves import precision_recall, roc
from mfbench.report.figures.horizons import horizons
from mfbench.report.figures.intervals import dots, strip
from mfbench.report.figures.logged import logged
from mfbench.report.figures.residuals import predicted_observed, residuals
from mfbench.report.figures.threshold import costs
from mfbench.report.summary import headline
from mfbench.stats.metrics import usual_order

Values = dict[str, Any]


def quality(values: Values) -> Section | None:
    """Every metric with its interval, beside a dummy and the champion; how training again changes it."""
    blocks: list[Block] = []
    if values["metrics"]:
        blocks.append(_metrics(values))
    notes = [words.prose(note) for note in (values["evaluation"] or {}).get("notes", [])]
    if notes:
        blocks.append(Notes(notes))
    if values["repeats"]:
        blocks += _repeats(values["repeats"])
    if values["points"]:
        blocks.append(Gallery(lambda: logged(values["points"]), title="Curves", small=True))
    return Section("quality", "Quality", blocks)


def curves(values: Values) -> Section | None:
    """The figures that a task's practitioners look for."""
    evaluation = values["evaluation"]
    if not evaluation:
        return None
    blocks: list[Block] = [Gallery(lambda: [
        roc(evaluation), precision_recall(evaluation), predicted_observed(evaluation), residuals(evaluation),
        calibration(evaluation), confusion(evaluation), costs(evaluation), horizons(evaluation, headline(values)),
    ])]  # fmt: skip
    names = ("curves", "residuals", "calibration", "confusion", "threshold", "horizons")
    if evaluation["horizons"]:
        blocks.append(_horizons(evaluation))
    return Section("curves", "Behaviour", blocks) if any(evaluation[name] for name in names) else None


def _metrics(values: Values) -> Table:
    evaluation, gates = values["evaluation"] or {}, values["gates"] or {}
    champion = gates.get("champion_metrics") or {}
    metrics = values["metrics"]
    some = any(item["low"] is not None for item in metrics.values())
    dummy = any(item["baseline"] is not None for item in metrics.values())
    columns = ["metric", "better", "value"]
    columns += [f"{evaluation.get('confidence', 0.95) * 100:g} % interval"] if some else []
    columns += ["dummy"] if dummy else []
    columns += ["champion"] if champion else []
    columns += [""] if some or dummy or champion else []
    rows: list[Row] = []
    for key, item in metrics.items():
        _, low, high = words.estimate(item["value"], item["low"], item["high"])
        row: Row = [Name(words.name(key, 60)), words.sense(item["greater"]),
                    Cell(words.measured(item["value"]), item["value"], strong=True)]  # fmt: skip
        row += [Cell("" if low == words.NOTHING else f"{low} to {high}")] if some else []
        row += [Cell(words.measured(item["baseline"]), item["baseline"])] if dummy else []
        theirs = (champion.get(key) or {}).get("value")
        row += [Cell(words.measured(theirs), theirs)] if champion else []
        marks = [(item["baseline"], "tick"), (theirs, "diamond")]
        label = f"{words.name(key, 40)} with its interval"
        row += [Cell("", svg=partial(strip, label, item, marks))] if some or dummy or champion else []
        rows.append(row)
    return Table(columns, rows, left=2, note=_how(values, some, dummy, bool(champion)))


def _how(values: Values, some: bool, dummy: bool, champion: bool) -> str:
    evaluation, gates = values["evaluation"] or {}, values["gates"] or {}
    told = []
    if evaluation.get("rows") is not None:
        told.append(f"On {plural(evaluation['rows'], 'held-out row')}.")
    if some and evaluation.get("resamples"):
        unit = words.name(evaluation.get("unit") or "row", 40)
        told.append(f"Intervals: bootstrap of {evaluation['resamples']:,} resamples by {unit}"
                    f"{_units(evaluation)}.")  # fmt: skip
    if dummy:
        naive = evaluation.get("task") == "forecasting"
        told.append(f"Dummy (bar): {'the naive forecast' if naive else 'a model that knows no feature'}.")
    if champion:
        rows = f" on the {gates['rows']:,} rows of the gates" if gates.get("rows") is not None else ""
        told.append(f"Champion (diamond): {words.name(gates.get('against'))}{rows}.")
    return " ".join(told)


def _units(evaluation: Values) -> str:
    return f" ({evaluation['units']:,} of them)" if evaluation.get("units") and evaluation.get("unit") != "row" else ""


def _repeats(repeats: Values) -> list[Block]:
    rows: list[Row] = []
    for key in usual_order(repeats["metrics"]):
        found = repeats["metrics"][key]
        spread = repeats["spread"].get(key) or {"mean": None, "sd": None}
        good = [value for value in found if words.known(value)]
        ends = (min(good), max(good)) if good else (None, None)
        mean, low, high = words.estimate(spread["mean"], *ends)
        row: Row = [Name(words.name(key, 60)), Cell(mean, spread["mean"], strong=True)]
        row += [Cell(words.number(spread["sd"], 2), spread["sd"]), f"{low} to {high}" if good else words.NOTHING]
        rows.append([*row, Cell("", svg=partial(dots, f"{words.name(key, 40)} of every training", found))])
    if not rows:
        return []
    note = "How much of a difference is the training's own luck: the same recipe with other seeds on the same rows."
    if all(len(set(map(repr, found))) == 1 for found in repeats["metrics"].values()):
        note += " Every training came out the same: this model does not depend on its seed."
    title = f"Trained {plural(len(repeats['seeds']), 'time')}"
    return [Table(["metric", "mean", "standard deviation", "range", ""], rows, title=title, note=note)]


def _horizons(evaluation: Values) -> Table:
    items = evaluation["horizons"]
    keys = usual_order(key for item in items for key in item["metrics"])
    none = {"value": None, "low": None, "high": None}
    rows: list[Row] = [
        [str(item["horizon"]), Cell(f"{item['rows']:,}", item["rows"]),
         *(Cell(words.with_interval(item["metrics"].get(key) or none), (item["metrics"].get(key) or none)["value"])
           for key in keys)]
        for item in items[:60]
    ]  # fmt: skip
    note = f"The first 60 of {len(items)}." if len(items) > 60 else ""
    return Table(["steps ahead", "rows", *(words.name(key, 40) for key in keys)], rows, title="By horizon", note=note)
