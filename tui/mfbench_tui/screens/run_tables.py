"""The sections of a run that are lists: steps, params, metrics, trials, gates and checks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from rich.text import Text

from mfbench_tui.dialogs.reader import Reader
from mfbench_tui.text import number, safe, seconds, status_text, styled
from mfbench_tui.widgets.listing import Column, Row
from mfbench_tui.widgets.section import TableSection

if TYPE_CHECKING:
    from mfbench_tui.screens.run_follow import Moment

Table = tuple[Sequence[Column], Sequence[Row]]
STATES = {"complete": "✓ complete", "failed": "✗ failed", "pruned": "■ pruned"}


class OfRun(TableSection):
    """`run`: its id."""

    def __init__(self, run: str, id: str) -> None:
        super().__init__(id=id)
        self.run = run


class Steps(OfRun):
    """Told by whoever has it at hand: the screen knows how the run stands."""

    NOUN, TITLE, EMPTY = "step", "Steps", "No step has begun yet."

    def __init__(self, run: str, id: str, moment: Callable[[], Moment | None]) -> None:
        super().__init__(run, id)
        self.moment = moment

    def load(self) -> Moment | None:
        return self.moment()

    def table(self, moment: Moment | None) -> Table:
        columns = [Column("status", "status"), Column("step", "step"), Column("cached", "cached"),
                   Column("took", "took", True), Column("problem", "problem")]  # fmt: skip
        steps = moment.steps if moment else []
        return columns, [self._row(i, step) for i, step in enumerate(steps)]

    def _row(self, i: int, step: dict[str, Any]) -> Row:
        took = seconds(step["seconds"]) if isinstance(step["seconds"], int | float) else ""
        return Row(f"{i}", [status_text(step["status"]), safe(step["name"], 40), "yes" if step["cached"] else "", took,
                            safe(step.get("error"), 200)], {"problem": safe(step.get("error"))})  # fmt: skip


class Params(OfRun):
    NOUN, TITLE, EMPTY = "param", "Params", "This run has no params."

    def load(self) -> Any:
        return self.desk.bench.show_run(self.run)["params"]

    def table(self, answer: dict[str, Any]) -> Table:
        self.values = answer
        rows = [Row(key, [safe(key, 60), safe(value, 120)]) for key, value in sorted(answer.items())]
        return [Column("key", "param"), Column("value", "value")], rows

    def open_row(self, key: str) -> None:
        self.app.push_screen(Reader(safe(key, 100), lines_of(self.values[key]), safe(self.values[key], 100_000)))


class Metrics(OfRun):
    """Intervals are those of the evaluation, where there is one."""

    NOUN, TITLE, EMPTY = "metric", "Metrics", "No metric was logged yet."

    def load(self) -> Any:
        bench = self.desk.bench
        return bench.metric_keys(self.run), bench.estimates(self.run)

    def table(self, answer: tuple[list[dict[str, Any]], dict[str, Any]]) -> Table:
        logged, estimates = answer
        columns = [Column("key", "metric"), Column("last", "last", True), Column("interval", "interval"),
                   Column("best", "best", True), Column("better", "better"), Column("n", "points", True),
                   Column("min", "min", True, wide=True), Column("max", "max", True, wide=True)]  # fmt: skip
        by_key = {item["key"]: item for item in logged}
        keys = [*(key for key in estimates if key in by_key), *(key for key in by_key if key not in estimates)]
        return columns, [self._row(by_key[key], estimates.get(key) or {}) for key in keys]

    def _row(self, item: dict[str, Any], known: dict[str, Any]) -> Row:
        low, high = known.get("low"), known.get("high")
        interval = f"{number(low)} to {number(high)}" if low is not None and high is not None else ""
        better = {True: "↑ higher", False: "↓ lower"}.get(known.get("greater"), "")  # type: ignore[arg-type]
        return Row(item["key"], [safe(item["key"], 40), styled(number(item["last"]), "bold", True), interval,
                                 number(item["best"]), better, number(item["n"]), number(item["min"]),
                                 number(item["max"])])  # fmt: skip


class Trials(OfRun):
    """Best first."""

    NOUN, TITLE, EMPTY = "trial", "Trials", "This run has searched for nothing: its recipe has no [tune]."

    def load(self) -> Any:
        return self.desk.bench.trials(self.run)

    def note(self) -> str:
        return "best first" if self._answer[1] else ""

    def table(self, answer: dict[str, Any]) -> Table:
        names = [str(name) for name in answer["objectives"]]
        keys = sorted({key for trial in answer["trials"] for key in trial["params"] or {}})[:12]
        columns = [Column("trial", "trial", True), Column("state", "state"),
                   *(Column(f"o.{name}", safe(name, 20), True) for name in names), Column("took", "took", True),
                   *(Column(f"p.{key}", safe(key.rpartition(".")[2], 20), wide=i > 1) for i, key in enumerate(keys)),
                   Column("error", "error", wide=True)]  # fmt: skip
        return columns, [self._row(trial, names, keys) for trial in answer["trials"]]

    def _row(self, trial: dict[str, Any], names: list[str], keys: list[str]) -> Row:
        values = [*(trial["values"] or []), *([None] * len(names))][: len(names)]
        params = trial["params"] or {}
        state = STATES.get(trial["state"], trial["state"])
        cells: list[str | Text] = [
            str(trial["trial"]), safe(state or "▶ running"), *map(number, values),
            seconds(trial["seconds"]) if trial["seconds"] is not None else "",
            *(number(params.get(key)) for key in keys), safe(trial["error"], 200),
        ]  # fmt: skip
        return Row(str(trial["trial"]), cells, {"error": safe(trial["error"])})


class Gates(OfRun):
    NOUN, TITLE, EMPTY = "gate", "Gates and checks", "No gate and no check has been judged."

    def load(self) -> Any:
        return self.desk.bench.show_run(self.run)

    def table(self, answer: dict[str, Any]) -> Table:
        columns = [Column("verdict", "verdict"), Column("kind", "kind"), Column("name", "name"),
                   Column("observed", "observed", True), Column("bound", "bound", True),
                   Column("interval", "interval", wide=True), Column("against", "against", wide=True),
                   Column("note", "note", wide=True)]  # fmt: skip
        gates = [self._gate(i, gate) for i, gate in enumerate(answer["gates"])]
        return columns, gates + [self._check(i, check) for i, check in enumerate(answer["checks"])]

    def _gate(self, i: int, gate: dict[str, Any]) -> Row:
        low, high = gate["low"], gate["high"]
        interval = f"{number(low)} to {number(high)}" if low is not None and high is not None else ""
        cells: list[str | Text] = [
            status_text(gate["verdict"]), "gate", safe(gate["name"], 50), number(gate["observed"]),
            number(gate["bound"]), interval, safe(gate["against"], 40), safe(gate["note"], 200),
        ]  # fmt: skip
        return Row(f"gate {i}", cells)

    def _check(self, i: int, check: dict[str, Any]) -> Row:
        verdict = status_text("passed" if check["passed"] else "failed")
        return Row(f"check {i}", [verdict, "check", safe(check["name"], 50), safe(check["observed"], 20),
                                  safe(check["bound"], 20), "", "", ""])  # fmt: skip


def lines_of(value: Any) -> str:
    """What somebody wrote, line by line, without what would steer the terminal."""
    return "\n".join(safe(line) for line in str(value).splitlines()[:5_000])
