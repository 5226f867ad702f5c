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
from tests.children import run

Entries = dict[str, bytes]


def new_workspace(folder: Path) -> Workspace:
    folder.mkdir(parents=True, exist_ok=True)
    return create(folder)


def log_run(workspace: Workspace, name: str = "r", points: int = 3, artifact: bytes | None = b"made by r") -> str:
    made = start_run(name, workspace=workspace.root)
    made.log_params({"name": name, "points": points})
    for step in range(points):
        made.log_metric("loss", 1 / (step + 1), step)
    if artifact is not None:
        file = workspace.root.parent / "made.bin"
        file.write_bytes(artifact)
        made.log_artifact(file)
    (workspace.run_folder(made.id) / "study.log").write_text(f"of {name}")
    made.end()
    return made.id


def register(workspace: Workspace, name: str = "m", weights: bytes = b"w", came_from: str | None = None) -> Version:
    """A bundle with these weights, registered as the next version."""
    came_from = came_from or log_run(workspace, name)
    folder = workspace.root.parent / f"bundle-{name}-{digest_bytes(weights)[:8]}"
    (folder / "model").mkdir(parents=True, exist_ok=True)
    (folder / "model" / "weights.bin").write_bytes(weights)
    facts = dict.fromkeys(("name", "task", "flavor", "estimator", "target", "python"), "x")
    lists = dict.fromkeys(("classes", "inputs", "outputs", "features", "requirements"), ())
    digest = pack(folder, metrics={}, **facts, **lists)
    blobs = Blobs(workspace.blobs)
    for path in ("model/weights.bin", "manifest.json"):
        blobs.put((folder / path).read_bytes())
    told = {"run": came_from, "metrics": {"auc": 0.7}, "data": "d" * 64, "provenance": blobs.put(b"{}"), "gates": []}
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
        "runs": {name: fingerprint(workspace.run_folder(name)) for name in workspace.run_names()},
        "others": {name: (workspace.run_folder(name) / "study.log").read_text() for name in workspace.run_names()},
        "blobs": set(blobs),
        "models": {name: {version.digest for version in model.versions.values()} for name, model in models.items()},
    }


def litter(workspace: Workspace) -> list[str]:
    """What an import has left half done."""
    return [path.name for path in (workspace.root / "trash").iterdir()]


STEPS = """
import os, sys, time, random
from pathlib import Path
from mfbench.workspace.workspace import Workspace
{}

def child(target, given, prepare):
    pid = os.fork()
    if not pid:
        prepare()
        work(Path(target), Path(given))
        os._exit(0)
    return pid

def at_step(number):
    seen = 0
    def hook(event, _):
        nonlocal seen
        seen += event in ("os.rename", "os.mkdir")
        if seen == number:
            os._exit(9)  # as kill -9: nothing is tidied up
    return lambda: sys.addaudithook(hook)

mode, given, *targets = sys.argv[1:]
for number, target in enumerate(targets, 1):
    started = time.perf_counter()
    pid = child(target, given, at_step(number) if mode == "steps" else (lambda: None))
    if mode != "steps" and number > 1:  # the first shows how long it takes
        time.sleep(random.Random(f"{{mode}} {{number}}").random() * took)
        os.kill(pid, 9)
    ended = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if number == 1:
        took = time.perf_counter() - started
    print(target)
    if mode == "steps" and not ended:
        break
"""


def killed_at_each_step(work: str, folder: Path, given: Path, most: int = 60) -> list[Workspace]:
    """Workspaces in which `work` was killed before its first, second … rename or new folder; in the last it was not."""
    found = _killed(work, "steps", folder, given, most)
    assert len(found) < most
    return found


def killed_at_random(work: str, folder: Path, given: Path, *, times: int, seed: int) -> list[Workspace]:
    return _killed(work, str(seed), folder, given, times + 1)


def _killed(work: str, mode: str, folder: Path, given: Path, count: int) -> list[Workspace]:
    roots = [new_workspace(folder / f"{mode} {number}").root for number in range(count)]
    return [Workspace(Path(line)) for line in run(STEPS.format(work), mode, given, *roots).splitlines()]


def whole_so_far(workspace: Workspace, there: dict[str, Any]) -> str:
    """How far it came. What is there has to be whole, and all that it names to be there."""
    here = holds(workspace)
    assert here["runs"].items() <= there["runs"].items()
    assert here["others"].items() <= there["others"].items()
    assert here["blobs"] <= there["blobs"]
    assert here["models"] in ({}, there["models"])
    assert not here["runs"] or here["blobs"] == there["blobs"]
    assert not here["models"] or here["runs"] == there["runs"]
    return "all" if here["models"] else "runs" if here["runs"] else "content" if here["blobs"] else "nothing"


def unpacked(path: Path) -> tuple[dict[str, Any], Entries]:
    """(export.json, every other entry)."""
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    return json.loads(entries.pop("export.json")), entries


def packed(
    path: Path, index: dict[str, Any] | bytes, entries: Entries, change: Callable[..., None] | None = None
) -> Path:
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
