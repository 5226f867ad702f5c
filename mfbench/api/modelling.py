"""The part of the Workbench that looks after registered models, as plain values: cards, aliases, history, lineage."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mfbench.workspace.workspace import Workspace

if TYPE_CHECKING:
    from mfbench.bundle.model import Model
    from mfbench.registry.models import Registry

PathLike = str | os.PathLike[str]


class Modelling:
    """A reference is `name` (its champion, else its only version), `name@alias` or `name:version`.

    Raises NotFoundError for what is not there and DamageError for a bundle that is not what was registered.
    """

    workspace: Workspace

    @property
    def registry(self) -> Registry:
        from mfbench.registry.models import Registry

        return Registry(self.workspace)

    def models(self) -> list[dict[str, Any]]:
        """Every version, newest first.

        name, version, digest, aliases, run, registered, actor, reason, metrics, metric (the first one to name), origin.
        """
        from mfbench.registry.describe import describe

        return describe(self.registry.models())

    def approve(self, run: str, reason: str, alias: str | None = None) -> dict[str, Any]:
        """Registers the model of a run that its gates have refused: the version, as a row of `models`.

        The ledger keeps who did it (MFBENCH_ACTOR, else user@host), `reason`, and over which gates. Raises UsageError
        for a run that was not refused or made no model.
        """
        from mfbench.registry.approval import approve
        from mfbench.registry.describe import describe_version

        version = approve(self.registry, self.workspace.find_run(run), reason, alias)
        return describe_version(version, self.registry.model(version.model).aliases_of(version.number))

    def model(self, reference: str) -> Model:
        """The loaded model that `name`, `name@alias` or `name:version` means, its files verified.

        Its `predict` takes a pl.DataFrame of raw rows. Raises NotFoundError, DamageError, or UsageError for a
        type that the workspace's configuration does not trust.
        """
        import tempfile

        from mfbench.bundle.model import Model

        version = self.registry.find(reference)
        with tempfile.TemporaryDirectory(prefix="mfbench-") as folder:
            return Model.load(self.registry.checkout(version, Path(folder)), self.workspace.trusted_types)

    def model_card(self, reference: str) -> dict[str, Any]:
        """A version: its row of `models`, the bundle's manifest, and decided: what gates and people said of it."""
        import msgspec

        from mfbench.bundle.manifest import parse_manifest
        from mfbench.journal.blobs import Blobs
        from mfbench.registry.describe import describe_version, plain

        registry = self.registry
        version = registry.find(reference)
        manifest = parse_manifest(Blobs(self.workspace.blobs).read(version.digest), version.name)
        row = describe_version(version, registry.model(version.model).aliases_of(version.number))
        decided = [plain(entry) for entry in registry.decided(version.digest)]
        return {**row, "manifest": msgspec.to_builtins(manifest), "decided": decided}

    def model_history(self, name: str) -> list[dict[str, Any]]:
        """What the ledger says about a model, oldest first: time, kind, actor, reason, what (in words), and more."""
        from mfbench.registry.describe import plain

        return [plain(entry) for entry in self.registry.history(name)]

    def model_lineage(self, reference: str) -> dict[str, Any]:
        """From data to deployment: {data, inputs, features, run, version, deployments}.

        run: {run, name, status, recipe, file, overrides, commit} or None where it is not in this workspace; data:
        [{name, source, digest, rows}]; version: its row of `models`.
        """
        from mfbench.api.lineage import lineage

        return lineage(self, reference)

    def set_alias(self, name: str, alias: str, version: int, reason: str = "") -> dict[str, Any]:
        """Points an alias at a version: {name, alias, version, previous}."""
        _, before = self.registry.set_alias(name, alias, version, reason)
        return {"name": name, "alias": alias, "version": version, "previous": before}

    def remove_alias(self, name: str, alias: str, reason: str = "") -> dict[str, Any]:
        """Takes an alias away: {name, alias, version: None, previous}."""
        before = self.registry.remove_alias(name, alias, reason)
        return {"name": name, "alias": alias, "version": None, "previous": before}

    def refused_runs(self) -> list[dict[str, Any]]:
        """Runs whose model was refused by its gates and is not registered, latest first, for `approve`.

        {run, model, time, against, gates: [those that refused it]}.
        """
        from mfbench.registry.refused import refused_runs

        return refused_runs(self.workspace)

    def verify_model(self, reference: str) -> dict[str, Any]:
        """Reads every file of a version and compares it with its digest: {name, version, digest, files, bytes}."""
        import tempfile

        from mfbench.bundle.manifest import verify

        version = self.registry.find(reference)
        with tempfile.TemporaryDirectory(prefix="mfbench-") as folder:
            manifest, digest = verify(self.registry.checkout(version, Path(folder)))
        return {"name": version.model, "version": version.number, "digest": digest, "files": len(manifest.files),
                "bytes": sum(file.bytes for file in manifest.files.values())}  # fmt: skip

    def export_model(self, reference: str, folder: PathLike) -> dict[str, Any]:
        """Copies a version's bundle to a new or empty folder, every file checked: {name, version, digest, folder}."""
        from mfbench.core.errors import UsageError

        target = Path(folder)
        if target.exists() and not target.is_dir():
            raise UsageError("this is a file", where=str(folder), hint="name a folder that is new or empty")
        if target.exists() and any(target.iterdir()):
            raise UsageError("the folder is not empty", where=str(folder), hint="name a folder that is new or empty")
        version = self.registry.find(reference)
        self.registry.checkout(version, target)
        return {"name": version.model, "version": version.number, "digest": version.digest, "folder": str(folder)}

    def score(
        self, reference: str, source: str, out: PathLike, *, force: bool = False, separator: str | None = None
    ) -> dict[str, Any]:
        """Writes the rows of a file, glob or folder with predictions: {model, digest, rows, output}.

        out: .csv, .parquet or .jsonl; one that is there is replaced with `force` alone.
        """
        from mfbench.api.workbench import load_model
        from mfbench.serving.batch import score_file

        model = load_model(reference, self.workspace.root)
        rows = score_file(model, source, Path(out), force=force, separator=separator)
        return {"model": model.manifest.name, "digest": model.digest, "rows": rows, "output": str(out)}
