"""Tables of figures for people and for JSON, and the shares that stand in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class Table:
    """rows: values by column, in order; notes: below it."""

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Share:
    """`found` of `all`, with the exact 95 % interval (Clopper and Pearson 1934)."""

    found: int
    all: int

    @property
    def interval(self) -> tuple[float, float]:
        from scipy.stats import binomtest

        low, high = binomtest(self.found, self.all).proportion_ci(method="exact")
        return float(low), float(high)

    def __str__(self) -> str:
        low, high = self.interval
        return f"{100 * self.found / self.all:.1f} % ({100 * low:.1f} to {100 * high:.1f})"


def share(flags: Sequence[bool]) -> Share:
    return Share(sum(map(bool, flags)), len(flags))


def show(table: Table, console: Any) -> None:
    from rich.table import Table as Shown

    shown = Shown(title=table.title, title_justify="left", title_style="bold")
    for place, name in enumerate(table.columns):
        shown.add_column(name, justify="left" if place == 0 else "right")
    for row in table.rows:
        shown.add_row(*(f"{value:,.3g}" if isinstance(value, float) else str(value) for value in row))
    console.print(shown)
    for note in table.notes:
        console.print(f"  {note}", style="dim", markup=False)
