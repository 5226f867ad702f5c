"""The sections of a comparison that are lists: metrics with their intervals, params, data and code, gates, runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rich.text import Text

from mfbench_tui.dialogs.reader import Reader
from mfbench_tui.text import LONGEST, clock, number, safe, status_text, styled
from mfbench_tui.widgets.intervals import interval_bar, span_of
from mfbench_tui.widgets.listing import Column, Row
from mfbench_tui.widgets.section import TableSection

LETTERS = "ABCDEFGH"
Values = dict[str, Any]
Table = tuple[Sequence[Column], Sequence[Row]]


class OfRuns(TableSection):
    """`compared`: what `Workbench.compare` gives, once asked."""

    changes = False

    def __init__(self, compared: Callable[[], Values], id: str) -> None:
        super().__init__(id=id)
        self.compared = compared

    def load(self) -> Any:
        return self.compared()

    def open_row(self, key: str) -> None:
        columns, rows = self._answer
        row = next(row for row in rows if row.key == key)
        lines = [f"{title or ' '}   {text}" for title, text in row.read(columns)]
        self.app.push_screen(Reader(safe(key, 100), "\n".join(lines)))


class Metrics(OfRuns):
    """Under each metric a line a run: its value, its interval drawn on the metric's own scale, its distance to A."""

    NOUN, TITLE, EMPTY = "metric", "Metrics", "None of these runs has logged a metric."

    def note(self) -> str:
        return "★ the best   clearly: the intervals do not touch" if self._answer[1] else ""

    def table(self, compared: Values) -> Table:
        columns = [Column("metric", "metric"), Column("run", ""), Column("value", "value", True),
                   Column("best", " "), Column("bar", "interval"), Column("against", "against A"),
                   Column("from", "from", True, wide=True), Column("to", "to", True, wide=True)]  # fmt: skip
        rows = [row for key, metric in compared["metrics"].items() for row in self._rows(key, metric)]
        return columns, rows

    def _rows(self, key: str, metric: Values) -> list[Row]:
        span = span_of(metric["values"])
        sense = {True: " ↑", False: " ↓"}.get(metric["greater"], "")
        return [
            Row(f"{key} {LETTERS[i]}", [
                styled(safe(key, 20) + sense if i == 0 else "", "bold"),
                LETTERS[i],
                styled(number(item["value"]) if item else "–", "bold" if metric["best"] == i else "", True),
                "★" if metric["best"] == i else " ",
                styled(interval_bar(item, span, 14)), _against(metric, i),
                number(item["low"]) if item else "", number(item["high"]) if item else "",
            ])
            for i, item in enumerate(metric["values"])
        ]  # fmt: skip


def _against(metric: Values, i: int) -> Text:
    difference, better = metric["differences"][i], metric["better"][i]
    if difference is None:
        return styled("")
    if difference == 0:
        return styled("the same", "dim")
    word = "" if better is None else "better" if better else "worse"
    clearly = "clearly " if metric["apart"][i] and word else ""
    sign = {True: "+", False: "−"}[difference > 0]
    style = "" if not metric["apart"][i] else "green" if better else "red"
    return styled(f"{sign}{abs(difference):.2g} {clearly}{word}", style)


class Params(OfRuns):
    """Those that differ."""

    NOUN, TITLE, EMPTY = "param", "Params that differ", "All params are the same."

    def table(self, compared: Values) -> Table:
        return side_by_side("param", compared["params"], len(compared["runs"]))


class Data(OfRuns):
    """Data, code and versions: what the runs were made of."""

    NOUN, TITLE, EMPTY = "difference", "Data, code and versions", "Nothing is known of their data and code."

    def table(self, compared: Values) -> Table:
        found = {**{f"data {key}": row for key, row in compared["data"].items()},
                 **{f"code {key}": row for key, row in compared["code"].items()}, **compared["versions"]}  # fmt: skip
        known = {key: row for key, row in found.items() if any(value is not None for value in row)}
        return side_by_side("what", known, len(compared["runs"]), same=True)


class Gates(OfRuns):
    NOUN, TITLE, EMPTY = "gate", "Gates", "None of these runs has been judged by a gate."

    def table(self, compared: Values) -> Table:
        count = len(compared["runs"])
        columns = [Column("gate", "gate"), *(Column(letter, letter) for letter in LETTERS[:count])]
        return columns, [Row(name, [safe(name, 40), *(_verdict(gate) for gate in row)])
                         for name, row in compared["gates"].items()]  # fmt: skip


def _verdict(gate: Values | None) -> str | Text:
    if gate is None:
        return "–"
    verdict = gate.get("verdict") or ("passed" if gate["passed"] else "refused")
    told = status_text(verdict)
    return Text.assemble(told, f" {number(gate['observed'])}", end="")


class Runs(OfRuns):
    NOUN, TITLE = "run", "Runs"

    def table(self, compared: Values) -> Table:
        columns = [Column("letter", ""), Column("status", "status"), Column("name", "name"), Column("run", "run"),
                   Column("model", "model", wide=True), Column("started", "started", wide=True)]  # fmt: skip
        rows = []
        for letter, run in zip(LETTERS, compared["runs"], strict=False):
            model = f"{run['model']['name']}:{run['model']['version']}" if run["model"] else ""
            rows.append(Row(run["run"], [letter, status_text(run["status"]), safe(run["name"], 40), safe(run["run"]),
                                         safe(model, 40), clock(run["started"])]))  # fmt: skip
        return columns, rows

    def open_row(self, key: str) -> None:
        from mfbench_tui.screens.run import RunScreen

        self.app.push_screen(RunScreen(key))


def side_by_side(head: str, found: dict[str, list[Any]], count: int, *, same: bool = False) -> Table:
    """A row a key, a column a run; `same`: a sign says which rows differ."""
    width = max(8, 56 // count)
    columns = [Column("differs", " "), *([Column("key", head)]), *(Column(one, one) for one in LETTERS[:count])]
    rows = []
    for key, row in found.items():
        differs = any(value != row[0] for value in row)
        style = "bold" if differs and same else ""
        cells = [styled(_plain(value, width), style) for value in row]
        full = {letter: _plain(value, LONGEST) for letter, value in zip(LETTERS, row, strict=False)}
        rows.append(
            Row(key, [styled("≠" if differs else " ", "yellow"), safe(key, 30), *cells], {"key": safe(key), **full})
        )
    return columns, rows


def _plain(value: Any, width: int) -> str:
    if value is None:
        return "–"
    if isinstance(value, list):
        value = ", ".join(str(one) for one in value)
    return number(value) if isinstance(value, float | int) else safe(value, width)
