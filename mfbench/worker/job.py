"""A job: everything that a worker needs to know, as one file in the run's folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from mfbench.core import jsonio
from mfbench.core.structs import make_ready

JOB = "job.json"


class JobStep(msgspec.Struct, frozen=True, kw_only=True):
    """`call` is a module with `run(ctx)`. `outputs` (name to blob digest) is filled where the step is cached."""

    name: str
    call: str
    key: str
    needs: tuple[str, ...]
    config: dict[str, Any]
    cached: bool = False
    outputs: dict[str, str] = {}


class JobSpec(msgspec.Struct, frozen=True, kw_only=True):
    """Paths are relative to the run's folder (but `reads`). `variables` are the environment's names in the recipe.

    `given` is what no step of this job makes, by the name under which a step needs it: files by their blobs' digest.

    What follows is for the executor. environment: the place of an Environment. memory: bytes, None without a limit.
    network: whether the recipe asks for one. secrets: variables that come in as files. reads: the files and folders
    that the steps read beside blobs, absolute, with `${NAME}` where the recipe has it. workspace: its id.
    """

    run: str
    recipe_folder: str
    blobs: str
    cpus: int
    steps: tuple[JobStep, ...]
    variables: tuple[str, ...] = ()
    given: dict[str, dict[str, str]] = {}
    workspace: str = ""
    environment: str = ""
    memory: int | None = None
    network: bool = False
    secrets: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()


make_ready(JobSpec)


def write_job(folder: Path, job: JobSpec) -> None:
    (folder / JOB).write_bytes(jsonio.pretty(job))


def read_job(folder: Path) -> JobSpec:
    return msgspec.convert(jsonio.loads((folder / JOB).read_bytes()), JobSpec)
