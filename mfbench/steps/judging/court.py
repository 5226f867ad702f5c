"""What the gates of a run look at: the held-out rows, the model's answers and the champion's, what using it costs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import polars as pl

from mfbench.bundle.manifest import MANIFEST, Manifest, parse_manifest
from mfbench.bundle.model import Model
from mfbench.bundle.resources import latency_ms, size_mb
from mfbench.core.errors import MfbenchError
from mfbench.core.hashing import digest_bytes
from mfbench.data.units import unit_column
from mfbench.recipe.gates import Gate
from mfbench.recipe.schema import Feature, Split
from mfbench.stats.resampling import unit_codes
from mfbench.steps.context import StepContext
from mfbench.steps.judging.answers import answers
from mfbench.steps.judging.champion import CHAMPION, Champion, copy_bundle, summon
from mfbench.steps.judging.groups import Groups, group_column, groups
from mfbench.steps.judging.verdicts import Evidence
from mfbench.steps.split import read_parts

_BUNDLE = "bundle/"


@dataclass(frozen=True)
class Court:
    """Each part is made when the first gate asks for it."""

    ctx: StepContext

    @property
    def confidence(self) -> float:
        return float(self.ctx.config["confidence"])

    @property
    def min_rows(self) -> int:
        return int(self.ctx.config["min_rows"])

    @cached_property
    def rows(self) -> pl.DataFrame:
        """The held-out rows."""
        return read_parts(self.ctx, "test")[0]

    @cached_property
    def evidence(self) -> Evidence:
        """All held-out rows, as the evaluation has predicted them: never by a model that was refitted on them."""
        table = pl.read_parquet(self.ctx.input("evaluate", "predictions.parquet"), glob=False)
        unit, values = unit_column(self.rows, self.ctx.typed(Split, "split"))
        theirs = self.champion.predicted if self.champion else None
        ours = answers(table, self.rows, self._classes)
        resamples, seed = self.ctx.config["resamples"], self.ctx.config["seed"]
        return Evidence(ours, theirs, unit_codes(values), unit, resamples, seed)

    @cached_property
    def unseen(self) -> Evidence:
        """The rows that the champion was not trained on."""
        seen = self.champion.seen if self.champion else None
        return self.evidence if seen is None else self.evidence.take(np.flatnonzero(~seen))

    @property
    def named(self) -> dict[str, str] | None:
        """Name and digest of the champion, where there is one."""
        found: dict[str, str] | None = self.ctx.config[CHAMPION]
        return found

    @cached_property
    def champion(self) -> Champion | None:
        """The champion, unless there is none, or it is this model itself."""
        if self.named is None or self.named["digest"] == self._digest:
            return None
        trusted = [*self.ctx.config["trusted"], *self.manifest.types]  # this run has just used its own
        return summon(self.named, self.ctx.inputs[CHAMPION], trusted, self.rows, self.ctx.config["task"], self._classes)

    @cached_property
    def manifest(self) -> Manifest:
        return parse_manifest(self._packed.read_bytes(), MANIFEST)

    def groups(self, gate: Gate) -> Groups:
        """The segments of a gate, their rows counted among those that it looks at."""
        features = self.ctx.typed(dict[str, Feature], "features")
        column = group_column(self.rows, str(gate.by), features, ("register", "gates"))
        seen = self.champion.seen if gate.champion and self.champion else None
        return groups(column if seen is None else column.filter(pl.Series(~seen)))

    def cost(self, metric: str) -> float:
        """Of this model's bundle."""
        if metric == "size_mb":
            return size_mb(self.manifest)
        with TemporaryDirectory(prefix="mfbench-") as place:
            folder = copy_bundle(self.ctx.inputs["package"], _BUNDLE, Path(place))
            return cost_of(metric, Model.load(folder, list(self.manifest.types)), self.rows)

    @property
    def _packed(self) -> Path:
        return self.ctx.input("package", _BUNDLE + MANIFEST)

    @cached_property
    def _digest(self) -> str:
        return digest_bytes(self._packed.read_bytes())

    @cached_property
    def _classes(self) -> list[Any]:
        found: list[Any] = self.ctx.json("ingest", "facts.json")["classes"]
        return found


def cost_of(metric: str, model: Model, rows: pl.DataFrame) -> float:
    """latency_ms or size_mb of a loaded bundle; nan where it cannot answer single rows."""
    if metric == "size_mb":
        return size_mb(model.manifest)
    singles = [rows.slice(number, 1) for number in range(min(rows.height, 100))]
    try:
        return latency_ms(lambda number: model.answer(singles[number % len(singles)]))
    except MfbenchError:
        return math.nan
