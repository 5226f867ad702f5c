"""Workspaces with a past, and what must still be whole in them afterwards."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from mfbench.bundle.manifest import parse_manifest
from mfbench.core import jsonio
from mfbench.core.hashing import digest_bytes, digest_value
from mfbench.engine.cache import CachedStep, StepCache
from mfbench.journal.blobs import Blobs
from mfbench.journal.reader import read_events
from mfbench.journal.segment import SegmentWriter
from mfbench.registry.models import RegisteredModel, Registry
from mfbench.workspace.workspace import Workspace

DAY = 86_400.0


def make_run(
    workspace: Workspace, contents: Iterable[bytes] = (), *, steps: Iterable[str] = (), end: str | None = "finished"
) -> str:
    """A run whose leader is gone: an artifact for each content, and cached steps that made them all."""
    run, marker = workspace.new_run({"pid": 1, "host": "here", "leader": "driver"})
    writer = SegmentWriter(workspace.run_folder(run) / "events", "driver", run=run)
    writer.write("run.started", {"name": "made", "recipe": None})
    blobs = Blobs(workspace.blobs)
    outputs: dict[str, tuple[str, int]] = {}
    for number, content in enumerate(contents):
        outputs[f"file{number}"] = (blobs.put(content), len(content))
        writer.write("artifact", f"file{number}", *outputs[f"file{number}"], "")
    for step in steps:
        key = digest_value(step)
        StepCache(workspace.cache, blobs).put(
            key, CachedStep(step=step, run=run, seconds=0.1, outputs=outputs, events=[])
        )
        writer.write("step.ended", step, key, "finished", False, 0.1, {}, None)
    if end:
        writer.write("run.ended", end, None, None)
    writer.close()
    os.close(marker)
    return run


def register(workspace: Workspace, run: str, content: bytes, name: str = "m") -> str:
    """A version that came from `run`, its bundle of one file; the run's journal names nothing of it. Its digest."""
    blobs, registry = Blobs(workspace.blobs), Registry(workspace)
    file = blobs.put(content)
    manifest = {
        "format": 1, "name": name, "task": "regression", "flavor": "f", "estimator": "E", "target": "y", "classes": [],
        "inputs": [], "outputs": [], "features": [], "metrics": {}, "requirements": [], "python": "3",
        "files": {"model/file": {"sha256": file, "bytes": len(content)}},
    }  # fmt: skip
    digest = blobs.put(jsonio.pretty(manifest))
    facts = {"run": run, "metrics": {}, "data": "", "provenance": blobs.put(b"provenance of " + run.encode())}
    champion = registry.models().get(name, RegisteredModel(name)).champion()
    seen = champion.digest if champion else None
    registry.register(name, digest, facts, reason="", alias=None, compared_with=seen)
    return digest


def age(workspace: Workspace, seconds: float = 2 * DAY) -> None:
    """Makes every file and folder look that much older."""
    for place, folders, names in os.walk(workspace.root):
        for name in [*folders, *names]:
            path = Path(place, name)
            if not path.is_symlink():
                then = path.stat().st_mtime - seconds
                os.utime(path, (then, then))


def referred(workspace: Workspace) -> set[str]:
    """Every blob that a run, deleted ones in the trash too, or a version of a model needs. Slow and plain."""
    found: set[str] = set()
    for base in (workspace.runs, workspace.root / "trash"):
        for folder in base.glob("[!.]*/"):
            for event in read_events(folder / "events"):
                if event[2] == "artifact":
                    found.add(event[4])
    for model in Registry(workspace).models().values():
        for version in model.versions.values():
            manifest = parse_manifest((workspace.blobs / version.digest).read_bytes(), "")
            found |= {version.digest, version.provenance, *(file.sha256 for file in manifest.files.values())}
    return found


def assert_whole(workspace: Workspace) -> None:
    """What is referred to is there and right, and the steps of all runs are still cached."""
    blobs = Blobs(workspace.blobs)
    for digest in referred(workspace):
        assert digest_bytes(blobs.read(digest)) == digest
    cache = StepCache(workspace.cache, blobs)
    for run in workspace.run_names():
        for event in read_events(workspace.run_folder(run) / "events"):
            if event[2] == "step.ended":
                assert cache.get(event[4]) is not None, run


def dies_at(step: int, work: Callable[[], object]) -> bool:
    """Does `work` in a child that is killed right after its `step`th change of a name or time; whether it was."""
    child = os.fork()
    if child == 0:
        left = step

        def dying(real: Callable[..., Any]) -> Callable[..., Any]:
            def call(*words: Any, **named: Any) -> Any:
                nonlocal left
                result = real(*words, **named)
                left -= 1
                if left <= 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                return result

            return call

        for owner, name in ((os, "rename"), (os, "replace"), (os, "utime"), (os, "unlink"), (os, "rmdir"),
                            (os, "link"), (os, "ftruncate"), (os, "write")):  # fmt: skip
            setattr(owner, name, dying(getattr(owner, name)))
        try:
            work()
        except BaseException:
            os._exit(1)
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, -signal.SIGKILL)
    return code != 0


def contents_of(rng: random.Random, pool: int = 40) -> list[bytes]:
    """Some contents, so few different ones that runs share them."""
    return [b"content %d" % rng.randrange(pool) for _ in range(rng.randrange(4))]


def plain_state(workspace: Workspace) -> dict[str, Any]:
    """Names of everything, for 'nothing was touched'."""
    return {
        os.path.relpath(Path(place, name), workspace.root): Path(place, name).lstat().st_mtime_ns
        for place, _, names in os.walk(workspace.root)
        for name in names
        if not name.endswith(".lock") and not name.startswith("store.duckdb")
    }
