"""What stands over a run: its name, how it stands, how far it is, what it made or why it failed."""

from __future__ import annotations

from typing import Any

from rich.text import Text

from mfbench_tui.screens.run_follow import Moment
from mfbench_tui.text import safe, seconds, status_text, styled

MARKS = ("", "where: ", "what to do: ")


def head(run: str, moment: Moment, facts: dict[str, Any], now: float) -> Text:
    """Lines; of an error its message and the rest of what is known. now: seconds since 1970."""
    first = Text.assemble(status_text(moment.status), "  ", (safe(moment.name, 60), "bold"), "  ", (safe(run), "dim"))
    if facts.get("pinned"):
        first.append("  ▲ pinned")
    lines = [first, styled("   ".join(part for part in _parts(moment, now) if part))]
    told = "  ".join(f"{safe(key, 40)}={safe(value, 40)}" for key, value in sorted((facts.get("tags") or {}).items()))
    if told:
        lines.append(styled(f"tags: {told}", "dim"))
    if facts.get("note"):
        lines.append(styled(f"note: {safe(facts['note'], 300)}", "italic"))
    for i, text in enumerate(moment.error[:3]):
        style = "red" if i == 0 else ""
        lines.append(Text(("✗ " if i == 0 else "  ") + MARKS[min(i, 2)] + safe(text, 400), style=style))
    return Text("\n").join(lines)


def _parts(moment: Moment, now: float) -> list[str]:
    ended = moment.ended or (now if moment.status == "running" else 0)
    count, total = moment.done + bool(moment.at), len(moment.steps)
    return [
        f"step {count} of {total}" + (f": {safe(moment.at, 30)}" if moment.at else "") if total else "",
        seconds(max(0.0, ended - moment.started)) if moment.started and ended else "",
        safe(moment.search, 80),
        f"on {safe(moment.executor, 20)}" if moment.executor else "",
        f"made {safe(moment.model, 60)}" if moment.model else "",
    ]
