"""What a run took of its machine: over time, at most, and by step."""

from __future__ import annotations

from typing import Any

from textual.app import ComposeResult
from textual.widgets import Sparkline, Static

from mfbench_tui.text import number, safe, size, styled
from mfbench_tui.widgets.listing import Column, Listing, Row
from mfbench_tui.widgets.section import Section
from mfbench_tui.widgets.titled import Empty, Title

NONE = "Nothing was sampled: the run took less than a second, had all its steps cached, or was led by a script."


class System(Section):
    """Two lines over time, and a list of steps."""

    NOUN = "system"
    DEFAULT_CSS = """
    System Sparkline { height: 3; margin: 0 1 1 1; }
    System .label { height: 1; padding: 0 1; }
    System Sparkline > .sparkline--max-color { color: $primary; }
    System Sparkline > .sparkline--min-color { color: $primary; }
    """

    def __init__(self, run: str, id: str) -> None:
        super().__init__(id=id)
        self.run = run

    def compose(self) -> ComposeResult:
        yield Title("System …")
        for name in ("memory", "cpu"):
            yield Static("", classes="label", id=f"{name}-label")
            yield Sparkline([], summary_function=max, id=name)
        yield Listing(id="list")
        yield Empty()

    def load(self) -> Any:
        return self.desk.bench.usage(self.run)

    def show(self, usage: dict[str, Any] | None) -> None:
        self.query_one(Empty).say(None if usage else NONE)
        for widget in (*self.query(Sparkline), *self.query(".label"), self.query_one(Listing)):
            widget.display = bool(usage)
        samples = usage["samples"] if usage else []
        self.query_one(Title).say(f"System {len(samples):,} samples")
        if not usage:
            return
        memory, cpu = ([sample[key] or 0 for sample in samples] for key in ("memory", "cpu"))
        self.query_one("#memory", Sparkline).data = memory
        self.query_one("#cpu", Sparkline).data = cpu
        last = f", now {size(memory[-1])}" if memory else ""
        self._label("memory", f"memory: peak {size(usage['peak_memory'] or 0)}{last}")
        most = f", at most {max(cpu):.1f}" if cpu else ""
        self._label("cpu", f"processor: {usage['mean_cpu'] or 0:.1f} cores on average{most}")
        columns = [Column("step", "step"), Column("cpu", "cores", True), Column("memory", "peak memory", True)]
        rows = [Row(str(i), [safe(step["step"], 40), number(_rounded(step["mean_cpu"])),
                             size(step["peak_memory"]) if step["peak_memory"] is not None else ""])
                for i, step in enumerate(usage["steps"])]  # fmt: skip
        self.query_one(Listing).fill(columns, rows)

    def _label(self, name: str, text: str) -> None:
        self.query_one(f"#{name}-label", Static).update(styled(text))


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
