"""What the model had to pass, and how clearly it did."""

from __future__ import annotations

from functools import partial
from typing import Any

from mfbench.core.text import plural
from mfbench.report import words
from mfbench.report.blocks import Block, Cell, Name, Notes, Row, Section, Table
from mfbench.report.figures.intervals import strip

Values = dict[str, Any]
PAIRED = (
    "Difference: this model less the champion, on the same rows; the interval is that of the difference. In the strip "
    "the bar is no difference, the diamond what the gate still allows."
)
HOLM = (
    "p is corrected for how many segments are compared (Holm). A loss smaller than the detectable one would most "
    "likely not have been noticed."
)
AGAINST_NUMBER = "Against a number, the interval and the strip are those of the metric, and the diamond is the number."
SIGNS = {"passed": "✓ passed", "refused": "✗ refused", "unknown": "? undecided"}


def gates(values: Values) -> Section | None:
    found = values["gates"]
    if not found or not found["gates"]:
        return None
    blocks: list[Block] = [_table(found)]
    blocks += [table for gate in found["gates"] if gate["segments"] for table in [_segments(gate)]]
    notes = _notes(found)
    return Section("gates", "Gates", [*blocks, Notes(notes)] if notes else blocks)


def _table(found: Values) -> Table:
    items = found["gates"]
    paired = any(words.known(gate["difference"]) for gate in items)
    sure = any(words.known(gate["low"]) for gate in items)
    columns = ["gate", "verdict", "observed", "needs"]
    columns += ["difference"] if paired else []
    columns += ["interval", ""] if sure else []
    rows: list[Row] = []
    for gate in items:
        row: Row = [Name(words.name(gate["name"], 100)), Cell(verdict(gate), strong=not gate["passed"])]
        row += [
            Cell(words.number(gate["observed"]), gate["observed"]),
            Cell(words.number(gate["bound"]), gate["bound"]),
        ]
        told = words.signed(gate["difference"], gate["low"], gate["high"]) if words.known(gate["difference"]) else ""
        row += [Cell(told, gate["difference"])] if paired else []
        rows.append([*row, *(_interval(gate) if sure else ())])
    notes = [PAIRED] if paired else []
    notes += [AGAINST_NUMBER] if sure and any(not words.known(gate["difference"]) for gate in items) else []
    return Table(columns, rows, left=2, note=" ".join(notes))


def verdict(gate: Values) -> str:
    word = gate["verdict"] or ("passed" if gate["passed"] else "refused")
    return SIGNS.get(word, words.name(word, 30))


def margin(gate: Values) -> float | None:
    """By how much it may differ from the champion: the bound less what the champion reached."""
    if not all(words.known(gate[key]) for key in ("observed", "bound", "difference")):
        return None
    return float(gate["bound"] - (gate["observed"] - gate["difference"]))


def _interval(gate: Values) -> Row:
    """The interval of the difference, where there is one, else of the metric itself, and its picture."""
    paired = words.known(gate["difference"])
    item = {"value": gate["difference" if paired else "observed"], "low": gate["low"], "high": gate["high"]}
    marks = [(0.0, "tick"), (margin(gate), "diamond")] if paired else [(gate["bound"], "diamond")]
    _, low, high = words.estimate(item["value"], item["low"], item["high"])
    label = f"{words.name(gate['name'], 60)}: {'difference' if paired else 'metric'} and bound"
    return ["" if low == words.NOTHING else f"{low} to {high}", Cell("", svg=partial(strip, label, item, marks))]


def _segments(gate: Values) -> Table:
    """With differences to the champion where there are some; a gate on a gap has only the segments' own values."""
    items = gate["segments"][:40]
    paired = any(words.known(item["difference"]) for item in items)
    rows: list[Row] = []
    for item in items:
        row: Row = [Name(words.name(item["value"], 60)), verdict({**item, "passed": item["verdict"] == "passed"})]
        row += [Cell(words.number(item["rows"]), item["rows"]), Cell(words.number(item["observed"]), item["observed"])]
        rows.append([*row, *(_loss(item) if paired else ())])
    columns = ["segment", "verdict", "rows", "observed"]
    columns += ["difference", "interval", "p", "detectable loss"] if paired else []
    title = f"By segment: {words.name(gate['name'], 100)}"
    return Table(columns, rows, left=2, title=title, note=HOLM if paired else "")


def _loss(item: Values) -> Row:
    _, low, high = words.estimate(item["difference"], item["low"], item["high"])
    return [
        Cell(words.signed(item["difference"], item["low"], item["high"]), item["difference"]),
        "" if low == words.NOTHING else f"{low} to {high}",
        Cell(words.probability(item["p"]), item["p"]),
        Cell(words.number(item["detectable"], 2), item["detectable"]),
    ]


def _notes(found: Values) -> list[str]:
    told = []
    if found["rows"] is not None:
        sure = f", at {found['confidence'] * 100:g} % confidence" if words.known(found["confidence"]) else ""
        told.append(f"Judged on {plural(found['rows'], 'row')}{sure}.")
    if found["excluded"]:
        told.append(f"{plural(found['excluded'], 'row')} left out, because the champion was trained on them.")
    if found["excluded_known"] is False and found["against"]:
        told.append("Which rows the champion was trained on is not known: it may have an advantage.")
    if found["used"]:
        told.append(f"This test set has judged {plural(found['used'], 'model')} so far.")
    for gate in found["gates"]:
        how = [words.prose(gate["note"])] if gate["note"] else []
        how += [f"by {words.prose(gate['method'])}"] if gate["method"] and gate["method"] != "point" else []
        how += [f"could have noticed a difference of {words.number(gate['detectable'], 2)}"] \
            if words.known(gate["detectable"]) else []  # fmt: skip
        if how:
            told.append(f"{words.name(gate['name'], 100)}: {'; '.join(how)}.")
    return told
