"""What a run has come to, from its events: for a progress display, for `--json`, for the exit code."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from mfbench.engine.searching import SearchState
from mfbench.journal.line import unpack_number
from mfbench.journal.reader import Event

EXIT_CODES = {"finished": 0, "stopped": 130}


@dataclass
class RunResult:
    """Events go in through `take`, in order; the rest can be read at any time."""

    run: str
    status: str = "running"
    recipe: str | None = None
    name: str | None = None
    executor: str | None = None
    chosen: str | None = None  # why `auto` meant this executor
    environment: dict[str, Any] | None = None
    cpus: int | None = None
    limit: int | None = None  # bytes
    taken: dict[str, float] = field(default_factory=dict)  # cpu, memory, memory.peak: as sampled last
    planned: list[str] = field(default_factory=list)
    started: int = 0
    ended: int = 0
    steps: dict[str, dict[str, Any]] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    gates: list[dict[str, Any]] = field(default_factory=list)
    used: int | None = None  # how many models these held-out rows have judged
    search: SearchState | None = None
    said: str | None = None  # by the last event of a search
    model: dict[str, Any] | None = None
    error: dict[str, Any] | None = None

    def take(self, event: Event) -> None:
        """An event of another shape than ours is left out: anyone can write a journal's line."""
        with suppress(LookupError, TypeError, ValueError, AttributeError):
            self._take(event)

    def _take(self, event: Event) -> None:
        _, time, kind, *fields = event
        if kind == "run.started":
            about = fields[0]
            self.started, self.name, self.recipe = time, about["name"], about["recipe"]
            self.status, self.error, self.model = "running", None, None
            self.search, self.steps, self.metrics, self.gates = None, {}, {}, []  # told anew, where a run is resumed
            self.executor, self.planned = about["executor"], about.get("steps", [])
            self.chosen, self.environment = about.get("chosen"), about.get("environment")
            self.cpus, self.limit, self.taken = about.get("cpus"), about.get("memory"), {}
        elif kind in ("search", "trial.started", "trial.ended"):
            if kind == "search" or self.search is None:
                self.search = SearchState()
            self.said = self.search.take(kind, fields)
        elif kind == "step.started":
            cached = len(fields) > 1 and fields[1]
            self.steps[fields[0]] = {"name": fields[0], "cached": cached, "seconds": None, "status": "running",
                                     "began": time}  # fmt: skip
        elif kind == "step.ended":
            name, _, status, cached, seconds = fields[:5]
            self.steps[name] |= {"cached": cached, "seconds": seconds, "status": status}
        elif kind == "m" and (len(fields) < 4 or fields[3] is None):
            self.metrics[fields[0]] = unpack_number(fields[2])
        elif kind == "environment":  # of a run that had to make it first
            self.environment = fields[0]
        elif kind == "sys":
            self.taken[fields[0]] = fields[1]
        elif kind == "gate":
            told = gate_of(fields)  # once more where the champion has changed meanwhile: the last word counts
            self.gates = [*(gate for gate in self.gates if gate["name"] != told["name"]), told]
        elif kind == "judged":
            self.used = fields[1]
        elif kind == "run.ended":
            self.status, self.error, self.model = fields[:3]
            self.ended = time

    @property
    def refused(self) -> bool:
        return any(not gate["passed"] for gate in self.gates)

    @property
    def exit_code(self) -> int:
        """0 done, 1 failed or lost, 3 refused by a gate or a data check, 130 stopped."""
        if self.status == "finished":
            return 3 if self.refused else 0
        if self.status == "failed" and self.error:
            return int(self.error.get("code", 1))
        return EXIT_CODES.get(self.status, 1)

    def as_json(self) -> dict[str, Any]:
        """The one object that `mfbench run --json` prints."""
        model = self.model and {"name": self.model["name"], "version": self.model["version"]}
        return {
            "run": self.run,
            "recipe": self.recipe,
            "status": self.status,
            "executor": self.executor,
            "environment": self.environment,
            "peak_memory": self.taken.get("memory.peak"),
            "seconds": round((self.ended - self.started) / 1e6, 3) if self.ended else None,
            "metrics": self.metrics,
            "gates": self.gates,
            "used": self.used,
            "model": model,
            "steps": [{key: step[key] for key in ("name", "cached", "seconds")} for step in self.steps.values()],
            "error": self.error and {key: self.error.get(key) for key in ("type", "message", "where", "hint")},
        }


def gate_of(fields: list[Any]) -> dict[str, Any]:
    """A gate's event as a dictionary. Those of before gates were tests have no `verdict` and what follows."""
    name, passed, observed, bound, against, note, verdict, *numbers = (*fields, *[None] * 10)[:10]
    verdict = verdict or ("passed" if passed else "refused")
    bound, difference, low, high = (None if value is None else unpack_number(value) for value in (bound, *numbers))
    return {"name": name, "passed": passed, "observed": unpack_number(observed), "bound": bound, "against": against,
            "note": note, "verdict": verdict, "difference": difference, "low": low, "high": high}  # fmt: skip
