"""What the model had to pass, and how clearly it did."""

from __future__ import annotations

from functools import partial
from typing import Any

from mfbench.core.text import plural
from mfbench.report import words
from mfbench.report.blocks import Block, Cell, Name, Notes, Row, Section, Table
from mfbench.report.figures.intervals import strip

Values = dict[str, Any]
SIGNS = {word: f"{sign}\N{NO-BREAK SPACE}{told}" for word, sign, told in
         (("passed", "✓", "passed"), ("refused", "✗", "refused"), ("unknown", "?", "undecided"))}  # fmt: skip


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
    columns = ["gate", "verdict", "observed", "needs"]
    columns += ["difference", "interval", ""] if paired else []
    rows: list[Row] = []
    for gate in items:
        row: Row = [Name(words.name(gate["name"], 100)), Cell(verdict(gate), strong=not gate["passed"])]
        row += [
            Cell(words.number(gate["observed"]), gate["observed"]),
            Cell(words.number(gate["bound"]), gate["bound"]),
        ]
        rows.append(row + _difference(gate) if paired else row)
    note = ""
    if paired:
        note = "Difference: this model less the champion, on the same rows. In the strip the bar is no difference, the "
        note += "diamond the margin that is still allowed."
    return Table(columns, rows, left=2, note=note)


def verdict(gate: Values) -> str:
    word = gate["verdict"] or ("passed" if gate["passed"] else "refused")
    return SIGNS.get(word, words.name(word, 30))


def margin(gate: Values) -> float | None:
    """By how much it may differ from the champion: the bound less what the champion reached."""
    if not all(words.known(gate[key]) for key in ("observed", "bound", "difference")):
        return None
    return float(gate["bound"] - (gate["observed"] - gate["difference"]))


def _difference(gate: Values) -> Row:
    if not words.known(gate["difference"]):
        return ["", "", ""]
    _, low, high = words.estimate(gate["difference"], gate["low"], gate["high"])
    item = {"value": gate["difference"], "low": gate["low"], "high": gate["high"]}
    draw = partial(
        strip, f"Difference of {words.name(gate['name'], 60)}", item, [(0.0, "tick"), (margin(gate), "diamond")]
    )
    told = words.signed(gate["difference"], gate["low"], gate["high"])
    return [Cell(told, gate["difference"]), "" if low == words.NOTHING else f"{low} to {high}", Cell("", svg=draw)]


def _segments(gate: Values) -> Table:
    rows: list[Row] = []
    for item in gate["segments"][:40]:
        _, low, high = words.estimate(item["difference"], item["low"], item["high"])
        span = "" if low == words.NOTHING else f"{low} to {high}"
        told = words.signed(item["difference"], item["low"], item["high"])
        rows.append([
            Name(words.name(item["value"], 60)), verdict({**item, "passed": item["verdict"] == "passed"}),
            Cell(words.number(item["rows"]), item["rows"]), Cell(words.number(item["observed"]), item["observed"]),
            Cell(told, item["difference"]), span, Cell(words.number(item["p"], 2), item["p"]),
            Cell(words.number(item["detectable"], 2), item["detectable"]),
        ])  # fmt: skip
    columns = ["segment", "verdict", "rows", "observed", "difference", "interval", "p", "detectable loss"]
    note = "p is corrected for how many segments are compared (Holm). A loss smaller than the detectable one would "
    note += "most likely not have been noticed."
    return Table(columns, rows, left=2, title=f"By segment: {words.name(gate['name'], 100)}", note=note)


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
