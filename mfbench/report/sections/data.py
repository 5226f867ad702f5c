"""The data: what came in, what is wrong with it, what its columns look like on both sides of the split."""

from __future__ import annotations

from typing import Any

from mfbench.core.text import plural
from mfbench.report import words
from mfbench.report.blocks import Block, Cell, Gallery, Name, Row, Section, Table, Text
from mfbench.report.figures.profile import MOST, columns

Values = dict[str, Any]
CHECKED = {True: "✓ passed", False: "✗ failed"}
LEVELS = {"alarm": "✗ alarm", "remark": "remark"}


def data(values: Values) -> Section | None:
    blocks: list[Block] = []
    told = _told(values)
    if told:
        blocks.append(Text(told))
    if values["leakage"] is not None:
        blocks.append(_leakage(values["leakage"]))
    if values["checks"]:
        blocks.append(_checks(values["checks"]))
    profile = values["profile"]
    if profile and profile["columns"]:
        note = "Filled: training rows. Line: test rows. Shares of the rows of each; the outermost bars hold what lies "
        note += "beyond them."
        drawn = sum(1 for item in profile["columns"] if item["histogram"] or item["top"])
        note += f" The first {MOST} of {drawn} columns." if drawn > MOST else ""
        blocks.append(Gallery(lambda: columns(profile), title="Columns", note=note, small=True))
        blocks.append(_profile(profile["columns"]))
    return Section("data", "Data", blocks)


def _told(values: Values) -> str:
    told = []
    for item in values["data"]:
        digest = f", digest {words.name(item['digest'])[:12]}" if item["digest"] else ""
        rows = plural(item["rows"], "row") if isinstance(item["rows"], int) else "rows"
        told.append(f"{words.name(item['name'])}: {rows}, {plural(len(item['columns']), 'column')}{digest}.")
    parts = values["rows"] or (values["profile"] or {}).get("rows") or {}
    if parts:
        told.append(words.join([f"{parts[part]:,} for {what}" for part, what in
                                (("train", "training"), ("test", "the test"), ("gap", "neither (in the gap)"))
                                if parts.get(part)]) + ".")  # fmt: skip
    return " ".join(told)


def _leakage(found: list[Values]) -> Block:
    if not found:
        return Text("The leakage checks found nothing.")
    ordered = sorted(found, key=lambda leak: leak["level"] != "alarm")
    rows: list[Row] = [
        [LEVELS.get(leak["level"], words.name(leak["level"], 20)), Name(words.name(leak["name"], 60)),
         Name(words.name(leak["column"], 60)) if leak["column"] is not None else "", words.prose(leak["told"]),
         words.prose(", ".join(words.name(item, 30) for item in leak["examples"][:5]), 120),
         Cell(words.number(leak["rows"]), leak["rows"])]
        for leak in ordered[:40]
    ]  # fmt: skip
    return Table(["", "check", "column", "found", "for example", "rows"], rows, left=5, title="Leakage")


def _checks(checks: list[Values]) -> Table:
    rows: list[Row] = [
        [Name(words.name(item.get("name"), 100)), CHECKED[bool(item.get("passed"))],
         words.name(item.get("observed"), 60), words.name(item.get("bound"), 60)]
        for item in checks[:100]
    ]  # fmt: skip
    return Table(["check", "verdict", "observed", "allowed"], rows, left=2, title="Data checks")


def _profile(found: list[Values]) -> Table:
    rows: list[Row] = []
    for item in found[:300]:
        numeric = item["numeric"] or {}
        quantiles = [*numeric.get("quantiles", []), *[None] * 5][:5]
        rows.append([
            Name(words.name(item["name"], 60)), words.name(item["kind"], 20), words.name(item["dtype"], 30),
            words.share(item["missing"].get("train")), words.share(item["missing"].get("test")),
            Cell(words.number(item["distinct"]), item["distinct"]),
            *(Cell("" if value is None else words.number(value), value)
              for value in (numeric.get("min"), quantiles[2], numeric.get("mean"), numeric.get("max"))),
        ])  # fmt: skip
    names = ["column", "kind", "type", "missing, train", "missing, test", "values", "min", "median", "mean", "max"]
    note = f"The first 300 of {len(found):,} columns." if len(found) > 300 else ""
    return Table(names, rows, left=3, note=note, title="All columns", page_only=True)
