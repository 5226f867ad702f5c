"""The champion that a run's gates compare with: found, and handed to the worker as files."""

from __future__ import annotations

from typing import Any

from mfbench.bundle.manifest import MANIFEST, parse_manifest
from mfbench.core import jsonio
from mfbench.engine.cache import CachedStep
from mfbench.engine.keys import keyed
from mfbench.engine.outcome import GATE
from mfbench.engine.plan import plan_gate
from mfbench.executors.environment import Environment, here
from mfbench.journal.blobs import Blobs
from mfbench.recipe.loaded import LoadedRecipe
from mfbench.registry.models import RegisteredModel, Registry, Version
from mfbench.worker.job import JobStep
from mfbench.workspace.workspace import Workspace

CHAMPION = "champion"


def find_champion(loaded: LoadedRecipe, workspace: Workspace | None, hits: dict[str, CachedStep]) -> Version | None:
    """The model to compare with. A run whose bundle is there already, and is the champion, has none to fear."""
    if workspace is None or loaded.recipe.register is None or not loaded.recipe.register.gates:
        return None
    name = loaded.recipe.register.model or loaded.recipe.recipe.name
    champion = Registry(workspace).models().get(name, RegisteredModel(name)).champion()
    packed = hits.get("package")
    if champion and packed:
        own = jsonio.loads(Blobs(workspace.blobs).read(packed.outputs["bundle.json"][0]))["digest"]
        return None if own == champion.digest else champion
    return champion


def with_gates(
    loaded: LoadedRecipe,
    steps: list[JobStep],
    champion: Version | None,
    workspace: Workspace | None,
    environment: Environment | None = None,
) -> tuple[list[JobStep], dict[str, dict[str, str]]]:
    """(the steps with the one that judges the gates, the champion's files by name for it)."""
    steps = [step for step in steps if step.name != GATE]
    if loaded.recipe.register is None or not loaded.recipe.register.gates:
        return steps, {}
    about: dict[str, Any] | None = None
    files: dict[str, str] = {}
    if champion and workspace:
        content = Blobs(workspace.blobs).read(champion.digest)
        manifest = parse_manifest(content, champion.name)
        files = {MANIFEST: champion.digest, **{name: file.sha256 for name, file in manifest.files.items()}}
        about = {"name": champion.name, "digest": champion.digest}
    trusted = workspace.trusted_types if workspace else []
    plan = plan_gate(loaded, steps, about, trusted)
    return [*steps, *keyed([plan], environment or here(), before=steps)], {CHAMPION: files} if files else {}
