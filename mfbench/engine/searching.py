"""How a search stands, from its events: for a progress display and for lists."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class SearchState:
    """`best` is the trial that leads by the first objective, with its values; None before the first is complete."""

    names: list[str] = field(default_factory=list)
    greater: list[bool] = field(default_factory=list)
    limit: int | None = None
    running: int = 0
    done: int = 0
    pruned: int = 0
    failed: int = 0
    best: tuple[int, list[float]] | None = None

    def take(self, kind: str, fields: list[Any]) -> str | None:
        """An event of the search; what of it is worth a line."""
        if kind == "search":
            about = fields[0]
            self.names, self.greater, self.limit = about["names"], about["greater"], about["limit"]
        elif kind == "trial.started":
            self.running += 1
        elif kind == "trial.ended":
            number, state, values, error = fields[:4]
            self.running = max(0, self.running - 1)
            if state == "interrupted":
                return None
            self.done += 1
            self.pruned += state == "pruned"
            self.failed += state == "failed"
            if state == "failed":
                return f"trial {number} failed: {error}"
            if state == "complete" and self._leads(values):
                self.best = (number, values)
                return f"trial {number}: {self.told(values)}, the best so far"
        return None

    def told(self, values: list[float]) -> str:
        return ", ".join(f"{name} {value:.4g}" for name, value in zip(self.names, values, strict=False))

    def progress(self) -> str:
        """'14 of 40 trials, 3 pruned; best roc_auc 0.7132 (trial 12)'."""
        count = f"{self.done} of {self.limit}" if self.limit else str(self.done)
        rest = "".join(f", {n} {word}" for n, word in ((self.pruned, "pruned"), (self.failed, "failed")) if n)
        best = f"; best {self.told(self.best[1])} (trial {self.best[0]})" if self.best else ""
        return f"{count} trials{rest}{best}"

    def _leads(self, values: list[float]) -> bool:
        if self.best is None or not self.greater:
            return True
        now, before = values[0], self.best[1][0]
        return now > before if self.greater[0] else now < before
