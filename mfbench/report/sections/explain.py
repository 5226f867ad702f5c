"""What the model goes by."""

from __future__ import annotations

from typing import Any

from mfbench.report import words
from mfbench.report.blocks import Block, Cell, Gallery, Name, Notes, Row, Section, Table
from mfbench.report.figures.canvas import Picture
from mfbench.report.figures.intervals import rows as dots
from mfbench.report.figures.partial import MOST as MOST_EFFECTS
from mfbench.report.figures.partial import partial

Values = dict[str, Any]
MOST = 20


def explain(values: Values) -> Section | None:
    found = values["explain"]
    if not found:
        return None
    blocks: list[Block] = []
    if found["importance"]:
        blocks += [Gallery(lambda: [_picture(found)]), _table(found)]
    if found["partial"]:
        of = next((words.prose(item["of"], 80) for item in found["partial"] if item["of"]), "prediction")
        note = f"The mean {of} if every row had this value of the feature, all else as it is; one scale for all. "
        note += "The grey band shows where the rows are: where it is thin, the line is a guess. Features that move "
        note += "together with others are misread easily."
        more = f" The first {MOST_EFFECTS} of {len(found['partial'])}." if len(found["partial"]) > MOST_EFFECTS else ""
        blocks.append(Gallery(lambda: partial(found), title="Partial dependence", note=note + more, small=True))
    if found["notes"]:
        blocks.append(Notes([words.prose(note) for note in found["notes"]]))
    return Section("explain", "What it goes by", blocks)


def _picture(found: Values) -> Picture | None:
    items = [{**item, "name": item["feature"], "value": item["mean"]} for item in found["importance"][:MOST]]
    metric = words.title(found["metric"])
    text = f"How much worse {metric} on the held-out rows becomes when a feature's values are shuffled, with its "
    text += "interval. Near the dotted line a feature does nothing here, or others say the same."
    return dots("Permutation importance", text, items, f"loss of {metric}", 0.0)


def _table(found: Values) -> Table:
    rows: list[Row] = []
    for item in found["importance"][:100]:
        value, low, high = words.estimate(item["mean"], item["low"], item["high"])
        span = "" if low == words.NOTHING else f"{low} to {high}"
        rows.append([Name(words.name(item["feature"], 60)), Cell(value, item["mean"], strong=True), span])
    return Table(["feature", f"loss of {words.title(found['metric'])}", "interval"], rows, title="Importance")
