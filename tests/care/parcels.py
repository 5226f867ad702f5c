"""Workspaces with runs and models to send about, and archives that no export wrote."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

from mfbench.bundle.pack import pack
from mfbench.care.journals import fingerprint
from mfbench.core.hashing import digest_bytes
from mfbench.journal.blobs import Blobs
from mfbench.registry.models import RegisteredModel, Registry, Version
from mfbench.tracking.run import start_run
from mfbench.workspace.workspace import Workspace, create

Entries = dict[str, bytes]


def new_workspace(folder: Path) -> Workspace:
    folder.mkdir(parents=True, exist_ok=True)
    return create(folder)


def log_run(workspace: Workspace, name: str = "r", points: int = 3, artifact: bytes | None = b"made by r") -> str:
    run = start_run(name, workspace=workspace.root)
    run.log_params({"name": name, "points": points})
    for step in range(points):
        run.log_metric("loss", 1 / (step + 1), step)
    if artifact is not None:
        file = workspace.root.parent / "made.bin"
        file.write_bytes(artifact)
        run.log_artifact(file)
    (workspace.run_folder(run.id) / "study.log").write_text(f"of {name}")
    run.end()
    return run.id


def register(workspace: Workspace, name: str = "m", weights: bytes = b"w", run: str | None = None) -> Version:
    """A bundle with these weights, registered as the next version."""
    run = run or log_run(workspace, name)
    folder = workspace.root.parent / f"bundle-{name}-{digest_bytes(weights)[:8]}"
    (folder / "model").mkdir(parents=True, exist_ok=True)
    (folder / "model" / "weights.bin").write_bytes(weights)
    facts = dict.fromkeys(("name", "task", "flavor", "estimator", "target", "python"), "x")
    lists = dict.fromkeys(("classes", "inputs", "outputs", "features", "requirements"), ())
    digest = pack(folder, metrics={}, **facts, **lists)
    blobs = Blobs(workspace.blobs)
    for path in ("model/weights.bin", "manifest.json"):
        blobs.put((folder / path).read_bytes())
    told = {"run": run, "metrics": {"auc": 0.7}, "data": "d" * 64, "provenance": blobs.put(b"{}"), "gates": []}
    registry = Registry(workspace)
    champion = registry.models().get(name, RegisteredModel(name)).champion()
    seen = champion.digest if champion else None
    return registry.register(name, digest, told, reason="good", alias=None, compared_with=seen)[0]


def holds(workspace: Workspace) -> dict[str, Any]:
    """All that there is, in a form to compare: journals by run, content, versions by model."""
    blobs = {path.name: sha256(path.read_bytes()).hexdigest() for path in workspace.blobs.iterdir()}
    assert all(name == digest for name, digest in blobs.items())
    models = Registry(workspace).models()
    return {
        "runs": {run: fingerprint(workspace.run_folder(run)) for run in workspace.run_names()},
        "others": {run: (workspace.run_folder(run) / "study.log").read_text() for run in workspace.run_names()},
        "blobs": set(blobs),
        "models": {name: {version.digest for version in model.versions.values()} for name, model in models.items()},
    }


def litter(workspace: Workspace) -> list[str]:
    """What an import has left half done."""
    return [path.name for path in (workspace.root / "trash").iterdir()]


def unpacked(path: Path) -> tuple[dict[str, Any], Entries]:
    """(export.json, every other entry)."""
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    return json.loads(entries.pop("export.json")), entries


def packed(path: Path, index: dict[str, Any] | bytes, entries: Entries, change: Callable[..., None] | None = None) -> Path:
    """An archive of just these; `change` is called with the open zip before it is closed."""
    path.unlink(missing_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("export.json", index if isinstance(index, bytes) else json.dumps(index))
        for name, content in entries.items():
            archive.writestr(zipfile.ZipInfo(name), content)
        if change:
            change(archive)
    return path


def listed(content: bytes) -> dict[str, Any]:
    """As a file stands in export.json."""
    return {"sha256": digest_bytes(content), "bytes": len(content)}
