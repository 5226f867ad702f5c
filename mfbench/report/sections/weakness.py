"""Where the model is weaker than its average says."""

from __future__ import annotations

from typing import Any

from mfbench.core.text import plural
from mfbench.report import words
from mfbench.report.blocks import Block, Cell, Gallery, Name, Row, Section, Table, Text
from mfbench.report.figures.canvas import Picture
from mfbench.report.figures.intervals import rows as dots
from mfbench.report.summary import headline
from mfbench.stats.metrics import usual_order

Values = dict[str, Any]
CONFIRMED = {True: "✓ confirmed", False: "not confirmed"}
MOST = 20  # values of a slice that are shown, those with most rows


def weakness(values: Values) -> Section | None:
    evaluation = values["evaluation"] or {}
    weak, slices = evaluation.get("weak"), evaluation.get("slices") or {}
    blocks: list[Block] = []
    if weak:
        blocks += _weak(weak)
    key = headline(values)
    shown = {column: items for column, items in slices.items() if items}
    if shown and key:
        whole = values["metrics"][key]["value"]
        blocks.append(Gallery(lambda: [_picture(column, items, key, whole) for column, items in shown.items()],
                              title="By slice"))  # fmt: skip
    blocks += [_table(column, items) for column, items in shown.items()]
    return Section("weakness", "Where it is weak", blocks)


def _weak(weak: Values) -> list[Block]:
    metric, looked = words.title(weak["metric"]), plural(weak["looked_at"], "segment")
    found = weak["found"]
    told = f"{looked} were looked for on one half of the held-out rows; what was found there was tested on the other, "
    told += "corrected for how many were looked at."
    if not found:
        return [Text(f"{told} None stood out.")]
    rows: list[Row] = []
    for item in found[:30]:
        _, low, high = words.estimate(item["difference"], item["low"], item["high"])
        rows.append([
            Name(words.name(item["where"], 120)), CONFIRMED[item["confirmed"]],
            Cell(f"{item['rows']:,} ({words.share(item['share'])})", item["rows"]),
            Cell(words.number(item["value"]), item["value"], strong=True),
            Cell(words.number(item["rest"]), item["rest"]),
            Cell(words.signed(item["difference"], item["low"], item["high"]), item["difference"]),
            "" if low == words.NOTHING else f"{low} to {high}", Cell(words.probability(item["p"]), item["p"]),
        ])  # fmt: skip
    columns = ["segment", "", "rows", metric, "elsewhere", "difference", "interval", "p"]
    return [Text(told), Table(columns, rows, left=2, title="Weak segments"), Gallery(lambda: [_differences(weak)])]


def _differences(weak: Values) -> Picture | None:
    items = [{**item, "name": item["where"], "value": item["difference"]} for item in weak["found"][:20]]
    text = f"How far {words.title(weak['metric'])} in each segment is from that of the other rows, with its interval. "
    text += "Full dots are confirmed, rings are not; dotted: no difference."
    return dots("Weak segments", text, items, "difference to the other rows", 0.0, hollow="confirmed")


def largest(items: list[Values]) -> list[Values]:
    return sorted(items, key=lambda item: -item["rows"])[:MOST]


def _picture(column: str, items: list[Values], key: str, whole: float | None) -> Picture | None:
    none = {"value": None, "low": None, "high": None}
    shown = [{"name": words.name(item["value"], 30), **(item["metrics"].get(key) or none)} for item in largest(items)]
    text = f"{words.title(key)} with its interval for each value of {words.name(column, 60)}"
    more = f", of {len(items)} the {MOST} with most rows" if len(items) > MOST else ""
    return dots(f"By {words.name(column, 60)}", f"{text}{more}. Dotted: all rows.", shown, words.title(key), whole)


def _table(column: str, items: list[Values]) -> Table:
    keys = usual_order(key for item in items for key in item["metrics"])
    none = {"value": None, "low": None, "high": None}
    rows: list[Row] = [
        [Name(words.name(item["value"], 60)), Cell(f"{item['rows']:,}", item["rows"]),
         *(Cell(words.with_interval(item["metrics"].get(key) or none), (item["metrics"].get(key) or none)["value"])
           for key in keys)]
        for item in largest(items)
    ]  # fmt: skip
    note = f"The {MOST} of {len(items)} values with most rows." if len(items) > MOST else ""
    name = words.name(column, 60)
    return Table([name, "rows", *(words.name(key, 40) for key in keys)], rows, title=f"By {name}", note=note)
