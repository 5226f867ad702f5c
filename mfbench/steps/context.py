"""What a step sees of the world: its configuration, the outputs of the steps before, a folder of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from mfbench.core import jsonio

T = TypeVar("T")


@dataclass(frozen=True)
class StepContext:
    """`emit(kind, *fields)` writes an event of this run. A step writes files only through `output`.

    `written` is the configuration as it stands in the recipe: with `${NAME}` where `config` has the value. What
    goes into a bundle comes from there.
    """

    name: str
    config: dict[str, Any]
    written: dict[str, Any]
    inputs: dict[str, dict[str, Path]]
    folder: Path
    recipe_folder: Path
    cpus: int
    emit: Callable[..., None]

    @property
    def run_folder(self) -> Path:
        """The folder of the run: what has to outlive a killed worker stands there."""
        return self.folder.parent.parent

    def typed(self, kind: type[T], key: str) -> T:
        """A part of the configuration as its recipe type."""
        return msgspec.convert(self.config[key], kind)

    def input(self, step: str, name: str) -> Path:
        return self.inputs[step][name]

    def input_folder(self, step: str, prefix: str) -> Path:
        """The files of an earlier step under `prefix/`, as a folder of links (cached ones lie in the blobs)."""
        folder = self.folder.parent / ".inputs" / step / prefix
        for name, path in self.inputs[step].items():
            link = folder / name.removeprefix(f"{prefix}/")
            if name.startswith(f"{prefix}/") and not link.is_symlink():
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(path.absolute())
        return folder

    def json(self, step: str, name: str) -> Any:
        """A JSON output of an earlier step."""
        return jsonio.loads(self.input(step, name).read_bytes())

    def output(self, name: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def output_folder(self, name: str) -> Path:
        folder = self.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def log(self, text: str, level: str = "info") -> None:
        self.emit("log", level, text)
