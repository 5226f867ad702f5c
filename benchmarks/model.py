"""What a benchmark yields: measures side by side, gathered in rows."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

OURS = "mfbench"


@dataclass(frozen=True)
class Measure:
    """One figure of one contestant, or the error that kept it from being taken.

    ``extra`` holds what stands behind the figure: minimum, number of rounds, samples.
    """

    name: str
    value: float | None = None
    error: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """One line of the table: ours beside the peers, a floor and a target."""

    what: str
    unit: str
    ours: Measure
    peers: tuple[Measure, ...] = ()
    floors: tuple[Measure, ...] = ()
    target: float | None = None
    higher_is_better: bool = False

    @property
    def errors(self) -> list[str]:
        """Everything in this row that could not be measured, one line each."""
        measures = (self.ours, *self.peers, *self.floors)
        return [f"{m.name}: {m.error}" for m in measures if m.error is not None]

    @property
    def met(self) -> bool | None:
        """Whether ours meets the target; None where there is no target or no figure."""
        if self.target is None or self.ours.value is None:
            return None
        if self.higher_is_better:
            return self.ours.value >= self.target
        return self.ours.value <= self.target

    def best(self, measure: Measure) -> float | None:
        """The best single round of a measure, the one that noise touched least."""
        best: float | None = measure.extra.get("max" if self.higher_is_better else "min")
        return best

    def ratio(self, peer: Measure) -> float | None:
        """Ours divided by the peer's; None where either is missing."""
        if self.ours.value is None or not peer.value:
            return None
        return self.ours.value / peer.value

    def as_dict(self) -> dict[str, Any]:
        """The row as it goes into the JSON file."""
        return {
            **asdict(self),
            "ratios": {peer.name: self.ratio(peer) for peer in self.peers},
            "ratios_of_best": {peer.name: self.ratio_of_best(peer) for peer in self.peers},
            "met": self.met,
            "errors": self.errors,
        }

    def ratio_of_best(self, peer: Measure) -> float | None:
        """The same of the best rounds: where it is far from ``ratio``, the machine was busy."""
        ours, theirs = self.best(self.ours), self.best(peer)
        return ours / theirs if ours is not None and theirs else None
