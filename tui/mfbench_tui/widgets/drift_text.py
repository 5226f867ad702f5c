"""What is told of a drift report as text: answers, segments, one column beside the reference, an audit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.cells import cell_len
from rich.text import Text

from mfbench_tui.text import STATUS, safe, shortened

Values = dict[str, Any]
BAR, WIDE = 6, 16  # signs
MARKS = {"alarm": ("!", "red"), "found": ("*", "yellow"), "": (" ", "dim")}
_EIGHTHS = " ▏▎▍▌▋▊▉"


def bar(share: float | None, width: int = BAR) -> str:
    """0 to 1 in eighths of a sign."""
    eighths = round(min(max(share or 0.0, 0.0), 1.0) * width * 8)
    return ("█" * (eighths // 8) + (_EIGHTHS[eighths % 8] if eighths % 8 else "")).ljust(width)


def answers(found: Values) -> Text:
    """The verdict and the three questions, of a report or of one window."""
    verdict = found.get("told") or found["verdict"]
    kind = next((word for word in ("alarm", "changed", "quiet") if verdict.startswith(word)), "")
    sign, colour = STATUS.get(kind, ("?", "yellow"))
    text = Text().append(f"{sign} {safe(verdict)}\n", f"bold {colour}")
    for question, answer in found["answers"]:
        text.append(f"{question} ", style="bold")
        text.append(f"{safe(answer)}\n")
    text.rstrip()
    return text


def beside(window: Values, notes: Sequence[str]) -> Text:
    """All columns together, the segments that carry the shift, and notes."""
    text = Text()
    if window["together"]:
        text.append("Together ", style="bold")
        text.append(f"{safe(window['together'])}\n")
    for line in window["segments"]:
        text.append("Segment ", style="bold")
        text.append(f"{safe(line)}\n")
    for note in [*notes, *window["notes"]][:20]:
        text.append(f"- {safe(note)}\n", style="dim")
    text.rstrip()
    return text


def column(found: Values, window: str) -> Text:
    """found: of `Workbench.drift_column`. Distributions side by side, the numbers beside the bars."""
    text = Text().append(f"{safe(found['kind'])}   {safe(window)}\n\n", "dim")
    _bars(text, found["labels"], found["reference"], found["window"])
    width = max((cell_len(row[0]) for row in found["figures"]), default=0)
    text.append(f"{'':<{width}}  {'reference':>14}  {'window':>14}\n", style="bold")
    for what, before, after in found["figures"]:
        text.append(f"{safe(what):<{width}}  {safe(before, 14):>14}  {safe(after, 14):>14}\n")
    for title, values in (("new values (rows)", found["new"]), ("vanished values", found["vanished"])):
        if values:
            text.append(f"\n{title}: ", style="bold")
            text.append(safe(", ".join(values)))
    text.append("\n")
    for line in found["tests"]:
        text.append(f"\n{safe(line)}")
    return text


def _bars(text: Text, labels: list[str], reference: list[float], window: list[float]) -> None:
    if not labels or not reference:
        text.append("no distribution is kept of this column\n\n")
        return
    top = max([*reference, *window]) or 1.0
    width = min(max(map(cell_len, labels)), 24)
    text.append(f"{'':<{width}}  {'reference':<{WIDE + 7}}{'window'}\n", style="bold")
    for label, before, after in zip(labels, reference, window, strict=False):
        name = shortened(safe(label), width)
        text.append(f"{name}{' ' * (width - cell_len(name))}  ")
        text.append(bar(before / top, WIDE), "cyan")
        text.append(f" {before:>5.1%} ")
        text.append(bar(after / top, WIDE), "magenta")
        text.append(f" {after:>5.1%}\n")
    text.append("\n")


def audit(conclusion: Sequence[str], notes: Sequence[str], tables: Sequence[tuple[str, Any, Any]]) -> str:
    """For the reader: what it comes to, then the figures."""
    lines = [safe(line) for line in conclusion] + [f"note: {safe(note)}" for note in notes]
    for title, heads, rows in tables:
        cells = [[safe(cell) for cell in row] for row in (heads, *rows)]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines += ["", title, *("  ".join(cell.ljust(size) for cell, size in zip(row, widths, strict=True)).rstrip()
                               for row in cells)]  # fmt: skip
    return "\n".join(lines)


def watching(found: Values | None) -> str:
    """What `mfbench monitor` would watch, in a line."""
    if found is None:
        return ""
    window = found["window"] or "5000 rows"
    also = f", {found['alerts']} alert channels" if found["alerts"] else ", no alerts set"
    data = ", ".join(shortened(safe(path), 60) for path in found["data"][:2])
    return f"monitor: mfbench monitor {safe(found['model'])}   (windows of {safe(window)} of {data}{also})"
