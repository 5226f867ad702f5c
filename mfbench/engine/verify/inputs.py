"""What a run read, once more: its data as it is now, its own code as it was recorded."""

from __future__ import annotations

import glob
import os
import re
from pathlib import Path
from typing import Any

from mfbench.core.errors import FitError
from mfbench.core.hashing import digest_value
from mfbench.core.text import plural
from mfbench.core.versions import version
from mfbench.data.source import digest_sources, find_files
from mfbench.engine.provenance import looks_secret
from mfbench.engine.settings import estimators, settings_of
from mfbench.engine.verify.recorded import Recorded
from mfbench.executors.docker.images import BASE
from mfbench.executors.environment import Asked
from mfbench.journal.blobs import Blobs
from mfbench.recipe.environment import expand
from mfbench.recipe.loaded import LoadedRecipe
from mfbench.recipe.own_code import dotted_estimators, own_sources
from mfbench.workspace.workspace import Workspace

INGEST = "ingest"


class Source:
    """The files that the run read, as they are now. `gone` says which are not there; `digest` is theirs together."""

    def __init__(self, recorded: Recorded, memory: Path | None) -> None:
        ingest = next(step for step in recorded.job.steps if step.name == INGEST)
        data = ingest.config["data"]
        folder = Path(recorded.folder)
        self.gone: str | None = None
        self.files: list[Path] = []
        self.digest = ""
        self._before, self._since = ingest.config["source_digest"], recorded.started / 1e6
        try:
            files = find_files(expand(data["source"]), folder)
            held_out = (data.get("split") or {}).get("source")
            given = find_files(expand(held_out), folder) if held_out else []
        except FitError as error:
            self.gone = error.message
            return
        self.files = [*files, *given]
        self.digest = digest_sources(files, memory)
        if given:
            self.digest = digest_value([self.digest, digest_sources(given, memory)])

    @property
    def changed(self) -> str | None:
        """What is not as it was when the run read it; None where all is, or is gone."""
        if self.gone or self.digest == self._before:
            return None
        later = [file.name for file in self.files if file.stat().st_mtime > self._since]
        if len(self.files) == 1 or later:
            names = later or [self.files[0].name]
            return f"{', '.join(names[:3])}{' …' if len(names) > 3 else ''} has changed since the run"
        return f"the {plural(len(self.files), 'data file')} are not those that the run read"

    def config(self, config: dict[str, Any], folder: Path) -> dict[str, Any]:
        """The configuration of ingest with the files as absolute names; placeholders stay what they are."""
        data = config["data"]
        split = data.get("split") or {}
        split = {**split, "source": absolute(split.get("source"), folder)}
        return {**config, "source_digest": self.digest,
                "data": {**data, "source": absolute(data["source"], folder), "split": split}}  # fmt: skip


def absolute(source: Any, folder: Path) -> Any:
    """A recipe's name, glob or list of them, made absolute by its text."""
    if source is None or isinstance(source, list | tuple):
        return source and [absolute(item, folder) for item in source]
    if Path(expand(source)).expanduser().is_absolute():
        return source
    literal = (folder / expand(source)).exists() or not set("*?[") & set(expand(source))
    return f"{folder if literal else glob.escape(str(folder))}/{source}"


def lay_code(recorded: Recorded, loaded: LoadedRecipe, blobs: Blobs, folder: Path) -> tuple[list[str], list[str]]:
    """Puts the run's own code into `folder` as it was recorded: (remarks, files elsewhere that it links to).

    What was left out of the record for looking like a secret is linked to where it is now, never copied.
    """
    folder.mkdir()
    for name, digest in recorded.code.items():
        blobs.copy_out(digest, folder / name)
    remarks, links = [], []
    current = own_sources(estimators(loaded.tree), Path(recorded.folder))
    for name, content in current.items():
        if name in recorded.code or (recorded.code and not looks_secret(name, content)):
            continue
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).symlink_to(Path(recorded.folder) / name)
        links.append(str(Path(recorded.folder) / name))
        why = "looks like a secret" if looks_secret(name, content) else "was not recorded"
        remarks.append(f"{name} {why}: the file of today is used")
    remarks += [f"{name} has changed since: the run's own is used" for name in changed_code(recorded, loaded, blobs)]
    own = {name.partition("/")[0].removesuffix(".py") for name in (*recorded.code, *current)}
    for estimator in dotted_estimators(estimators(loaded.tree)):
        top = estimator.partition(".")[0]
        if top != "sklearn" and top not in own and not _is_installed(top, recorded):
            remarks.append(f"the code of {estimator} is not recorded, and is not beside the recipe any more")
    return remarks, links


def is_foreign(recorded: Recorded, workspace: Workspace) -> bool:
    return recorded.job.workspace != workspace.id or workspace.is_foreign(recorded.run)


def foreign_image(recorded: Recorded, asked: Asked, workspace: Workspace) -> str | None:
    """What somebody elsewhere wants below the environment: it reads the index's password, and sees the network."""
    usual = {"", BASE, settings_of(workspace).base}
    if not is_foreign(recorded, workspace):
        return None
    return next((name for name in (asked.base, *asked.apt) if name not in usual), None)


def foreign_code(
    recorded: Recorded, loaded: LoadedRecipe, blobs: Blobs, workspace: Workspace, requirements: str
) -> list[str]:
    """What a verification would run that was written elsewhere: own files that this workspace's runs did not bring and
    that do not lie beside the recipe here, steps that are not mfbench's, packages that nobody has installed here."""
    if not is_foreign(recorded, workspace):
        return []
    current = own_sources(estimators(loaded.tree), Path(recorded.folder))
    steps = [step.call for step in recorded.job.steps if not step.call.startswith("mfbench.steps.")]
    changed = changed_code(recorded, loaded, blobs)
    packages = [line for line in requirements.splitlines() if version(re.split(r"[=\[]", line)[0]) is None]
    return [*steps, *(name for name in recorded.code if name not in current or name in changed), *packages]


def changed_code(recorded: Recorded, loaded: LoadedRecipe, blobs: Blobs) -> list[str]:
    """The own files beside the recipe that are not what they were."""
    current = own_sources(estimators(loaded.tree), Path(recorded.folder))
    return [name for name, digest in recorded.code.items() if name in current and current[name] != blobs.read(digest)]


def _is_installed(top: str, recorded: Recorded) -> bool:
    return any(name.replace("-", "_") == top.lower() for name in recorded.environment().versions)


def variables_missing(recorded: Recorded) -> list[str]:
    return [name for name in (*recorded.job.variables, *recorded.job.secrets) if name not in os.environ]


def claim_given(recorded: Recorded, blobs: Blobs) -> bool:
    """Whether all that was handed to the run's steps from elsewhere, such as the champion, is there still."""
    return all(blobs.claim(digest) for files in recorded.job.given.values() for digest in files.values())
