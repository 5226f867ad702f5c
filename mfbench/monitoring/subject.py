"""The model that is watched: its version, its bundle unpacked, its reference, and how it is to be watched."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mfbench.core.text import parse_duration
from mfbench.data.source import FORMATS
from mfbench.drift.reading import Data, open_data
from mfbench.drift.reference import Reference
from mfbench.drift.settings import ROWS, Settings
from mfbench.monitoring.settings import Watched, settings_for, watched
from mfbench.registry.models import Registry
from mfbench.workspace.workspace import Workspace

if TYPE_CHECKING:
    from mfbench.bundle.manifest import Manifest
    from mfbench.bundle.model import Model

LABELS = "labels"  # folder beside captured requests
READING = ("time", "label", "labels", "separator")  # options that say how rows are read


class Subject:
    """Raises NotFoundError, DamageError, and WorkspaceError or UsageError for a configuration that cannot be.

    data: what was given; options: settings of drift.settings and READING. Nothing given is as configured.
    """

    def __init__(self, workspace: Workspace, name: str, data: Sequence[str] | None, options: Mapping[str, Any]) -> None:
        self.workspace, self.base = workspace, workspace.root.parent.absolute()
        registry = Registry(workspace)
        self.version = registry.find(name)
        self._folder = tempfile.TemporaryDirectory(prefix="mfbench-")
        self.bundle = registry.checkout(self.version, Path(self._folder.name))
        self.reference = Reference.load(self.bundle)
        self.looked: dict[str, Any] = {}  # files of labels as they were when a window was last looked at for them
        self.configure(workspace, data, options)

    def configure(self, workspace: Workspace, data: Sequence[str] | None, options: Mapping[str, Any]) -> None:
        """Reads the configuration, which may have changed between two passes."""
        where, model = str(workspace.root / "config.toml"), self.version.model
        self.workspace, self.said = workspace, watched(workspace.config, model, where)
        settings = settings_for(self.manifest, workspace.config, options, where, model)
        self.settings: Settings = _with_window(settings)
        self.options = {key: options.get(key) or getattr(self.said, key) for key in READING}
        self.data = self._data(data, self.said)
        self.cool_down = parse_duration(self.said.cool_down)
        delay = self.said.label_delay or self.manifest.monitored.label_delay
        self.label_delay = parse_duration(delay) if delay else 0.0

    @property
    def manifest(self) -> Manifest:
        assert self.reference.manifest is not None
        return self.reference.manifest

    @property
    def captured(self) -> Path:
        """Where requests to the model are captured."""
        return self.workspace.root / "capture" / self.version.model

    def open(self, paths: Sequence[Path]) -> Data:
        """Rows of these files, with labels that came later."""
        return open_data(list(paths), self.manifest, time=self.options["time"], label=self.options["label"],
                         labels=self.later_labels() or None, separator=self.options["separator"])  # fmt: skip

    def later_labels(self) -> list[Path]:
        """Files of labels that come later: as named, else beside captured requests."""
        named: str | None = self.options["labels"]
        place = self.base / Path(named).expanduser() if named else self.captured / LABELS
        if not place.is_dir():
            return [place] if named and place.exists() else []
        return [path for path in sorted(place.iterdir())
                if path.name[0] not in "._" and path.suffix.lower() in FORMATS and path.is_file()]  # fmt: skip

    @property
    def expects_labels(self) -> bool:
        """Whether labels of rows that came without may come later."""
        captured = str(self.captured) in self.data
        return bool(self.options["labels"] or self.label_delay or captured or self.later_labels())

    def load(self) -> Callable[[], Model]:
        """How the model is had, once it is needed."""
        from mfbench.bundle.model import Model

        return lambda: Model.load(self.bundle, self.workspace.trusted_types)

    def close(self) -> None:
        self._folder.cleanup()

    def _data(self, given: Sequence[str] | None, said: Watched) -> list[str]:
        if given:
            return [str(Path(each).expanduser().absolute()) for each in given]
        if said.data is not None:
            return [said.data] if isinstance(said.data, str) else list(said.data)
        return [str(self.captured)]


def _with_window(settings: Settings) -> Settings:
    """What keeps coming needs windows."""
    import msgspec

    return settings if settings.window is not None else msgspec.structs.replace(settings, window=str(ROWS))
