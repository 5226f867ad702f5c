"""Runs the worker in a sealed container of an engine on this machine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from mfbench.core.errors import InstallError
from mfbench.executors.base import Leftover, Tell
from mfbench.executors.docker.client import answers, connect, guarded
from mfbench.executors.docker.lending import give_back, lend
from mfbench.executors.environment import Asked, Environment
from mfbench.executors.warm import WarmWorker
from mfbench.journal.sealed import SEALED
from mfbench.recipe.environment import expand
from mfbench.worker.attached import order_of
from mfbench.worker.job import JobSpec, read_job

if TYPE_CHECKING:
    from docker import APIClient

    from mfbench.executors.docker.execution import DockerExecution

# What a recipe with a network finds its way out by; sealed ones have no use for it.
PROXIES = tuple(name for low in ("http_proxy", "https_proxy", "no_proxy", "all_proxy") for name in (low, low.upper()))


class DockerExecutor:
    name = "docker"
    installs = True
    sealed = True

    def find(self, asked: Asked) -> Environment | None:
        from mfbench.executors.docker import images

        return images.find(asked)

    def make(self, asked: Asked, tell: Tell, stopping: Callable[[], bool]) -> Environment:
        from mfbench.executors.docker import images

        return images.make(asked, tell, stopping)

    def start(self, folder: Path, warm: WarmWorker | None) -> DockerExecution:
        if warm is not None:
            warm.dismiss()
        folder = folder.resolve()
        job = read_job(folder)
        job = msgspec.structs.replace(job, reads=tuple(expand(job.reads)))  # written with `${NAME}` in place of values
        line = order_of(job, PROXIES if job.network else ())
        if not job.environment:
            raise InstallError("missing image: the job names none", hint="run it again: its environment is made first")
        with guarded(f"starting the container of run {job.run}"):
            return _started(connect().api, folder, job, line)

    def leftovers(self, workspace: str, alive: Callable[[str], bool]) -> list[Leftover]:
        if not answers()[0]:
            return []
        from mfbench.executors.docker.leftovers import leftovers

        return leftovers(connect(), workspace, alive)

    def remove(self, leftover: Leftover) -> None:
        from mfbench.executors.docker.leftovers import remove

        remove(connect(), leftover)


def _started(api: APIClient, folder: Path, job: JobSpec, line: bytes) -> DockerExecution:
    from mfbench.executors.docker.container import create, lends
    from mfbench.executors.docker.execution import DockerExecution, remove

    container: str | None = None
    try:
        info = api.info()
        container = create(api, info, folder, job)
        link = api.attach_socket(container, params={"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1})
        socket: Any = getattr(link, "_sock", link)  # the client hands out a reader of it
        socket.settimeout(None)
        if lends(info):
            lend(folder)
        api.start(container)
        try:
            socket.sendall(line)
        except BrokenPipeError:  # it has died already: the execution says how
            pass
        return DockerExecution(api, container, link, lambda: _taken_back(folder))
    except BaseException:
        if container is not None:
            remove(api, container)
            give_back(folder)
        raise


def _taken_back(folder: Path) -> None:
    give_back(folder)
    # Who seals a journal does so when its run is over, which this one is not.
    (folder / "events" / SEALED).unlink(missing_ok=True)
