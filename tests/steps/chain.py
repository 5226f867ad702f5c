"""The steps of a recipe one after the other in this process, with what each has written and said."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import polars as pl

from mfbench.core import jsonio
from mfbench.engine.plan import plan_recipe
from mfbench.recipe.environment import expand
from mfbench.recipe.load import load_recipe
from mfbench.steps.context import StepContext
from mfbench.steps.precheck import precheck
from mfbench.worker.job import JobStep


class Chain:
    """Steps run when first asked for; `logs` holds (step, level, text)."""

    def __init__(self, folder: Path, recipe: str, frame: pl.DataFrame, *, source: str = "rows.parquet") -> None:
        self.folder = folder
        frame.write_parquet(folder / source)
        path = folder / "recipe.toml"
        path.write_text(recipe, encoding="utf-8")
        self.loaded = load_recipe(path)
        self.logs: list[tuple[str, str, str]] = []
        self.events: list[tuple[Any, ...]] = []
        self._steps: dict[str, JobStep] = {}
        self._done: set[str] = set()

    @property
    def steps(self) -> dict[str, JobStep]:
        """Planned when first asked for: a second file of the data may be written after the first."""
        if not self._steps:
            self._steps = {step.name: step for step in plan_recipe(self.loaded)}
        return self._steps

    def precheck(self) -> None:
        precheck(self.loaded.recipe, self.folder)

    def run(self, name: str) -> Path:
        """The folder of the step's outputs."""
        step, out = self.steps[name], self.folder / "work" / name
        if name not in self._done:
            inputs = {need: self._outputs(need) for need in step.needs}
            out.mkdir(parents=True)
            import_module(step.call).run(
                StepContext(
                    name=name, config=expand(step.config), written=step.config, inputs=inputs, folder=out,
                    recipe_folder=self.folder, cpus=1, emit=lambda *event: self._heard(name, event),
                )
            )  # fmt: skip
            self._done.add(name)
        return out

    def json(self, step: str, name: str) -> Any:
        return jsonio.loads((self.run(step) / name).read_bytes())

    def table(self, step: str, name: str) -> pl.DataFrame:
        return pl.read_parquet(self.run(step) / name)

    def part(self, name: str) -> pl.DataFrame:
        """The ingested rows of a part, 'train' or 'test'."""
        parts = self.table("split", "split.parquet")["part"]
        return self.table("ingest", "data.parquet").filter(parts == name)

    def said(self, step: str) -> list[str]:
        return [text for name, _, text in self.logs if name == step]

    def _outputs(self, need: str) -> dict[str, Path]:
        made = self.run(need)
        return {path.relative_to(made).as_posix(): path for path in made.rglob("*") if path.is_file()}

    def _heard(self, step: str, event: tuple[Any, ...]) -> None:
        self.events.append((step, *event))
        if event[0] == "log":
            self.logs.append((step, event[1], event[2]))
