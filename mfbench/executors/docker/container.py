"""How a container is sealed: no network, nothing to write to, no rights, and a bound to everything."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mfbench.core.errors import UsageError
from mfbench.core.ids import random_text
from mfbench.core.machine import host
from mfbench.executors.docker.labels import OWNER, RUN, WORKSPACE
from mfbench.executors.docker.lending import STRANGER
from mfbench.executors.docker.mounts import CODE, ROOT, SECRETS, Bind, binds, goes_through, unreadable
from mfbench.executors.docker.owner import me
from mfbench.executors.pinned import pinned
from mfbench.recipe.environment import SECRETS as SECRETS_VARIABLE
from mfbench.worker.job import JobSpec

if TYPE_CHECKING:
    from docker import APIClient

PROCESSES = 512  # and some more for each core: threads count
MEMORY = 0.9  # of what the engine's machine has, where the recipe sets no limit
TEMPORARY = 0.5  # of that limit: what /tmp and shared memory may hold, which is memory too


def create(api: APIClient, info: dict[str, Any], folder: Path, job: JobSpec) -> str:
    """The id of a container that is ready to start. Raises UsageError for what no container can have or read."""
    user = _user(info)
    found = [*binds(folder, job), *_volumes(api, job)]
    if user[0] == STRANGER:
        _refuse_unreadable(found, job)
    memory = memory_limit(info, job)
    created = api.create_container(
        job.environment,
        name=f"mfbench-{job.run}-{random_text(6)}",
        entrypoint=["python3", "-m", "mfbench.worker", "--attached", str(folder)],
        command=[],
        user=f"{user[0]}:{user[1]}",
        hostname=host(),
        working_dir="/",
        environment=_variables(job),
        labels={RUN: job.run, WORKSPACE: job.workspace, OWNER: me()},
        stop_signal="SIGTERM",  # whatever the base image says
        stdin_open=True,  # and closed when we are gone, which ends the worker
        healthcheck={"test": ["NONE"]},
        use_config_proxy=False,  # it would stand in the configuration, with its password
        host_config=_limits(api, info, job, memory, user, found),
    )
    return str(created["Id"])


def _volumes(api: APIClient, job: JobSpec) -> list[Bind]:
    """What a base image declares would be a place to write that nobody bounds: it is left empty instead."""
    found = api.inspect_image(job.environment)  # type: ignore[no-untyped-call]
    declared = found["Config"].get("Volumes") or {}
    return [Bind("", os.path.normpath(place)) for place in declared]


def memory_limit(info: dict[str, Any], job: JobSpec) -> int:
    """Bytes."""
    has = int(info.get("MemTotal") or 0)
    limit = int(MEMORY * has)
    return min(job.memory, limit) if job.memory and limit else job.memory or limit


def _limits(
    api: APIClient, info: dict[str, Any], job: JobSpec, memory: int, user: tuple[int, int], found: list[Bind]
) -> Any:
    from docker.types import LogConfig

    cpus = min(job.cpus, int(info.get("NCPU") or job.cpus))
    temporary = int(memory * TEMPORARY)
    owned = f"uid={user[0]},gid={user[1]}"
    options: dict[str, Any] = {
        "network_mode": None if job.network else "none",
        "read_only": True,
        "cap_drop": ["ALL"],
        "security_opt": _security(info),
        "init": True,
        "log_config": LogConfig(type="none"),  # the engine would keep on its disk what the driver reads anyway
        "shm_size": temporary,
        "tmpfs": {
            "/tmp": f"rw,noexec,nosuid,nodev,size={temporary},mode=1777",
            SECRETS: f"rw,noexec,nosuid,nodev,size=1m,mode=0700,{owned}",
        },
        "mounts": [_mount(bind) for bind in found],
        "userns_mode": None if _is_rootless(info) else "host",
    }
    if user[0] and goes_through(found, ROOT):
        # Images let nobody but root through there. It is the owner who counts: some engines keep the folder's mode.
        options["tmpfs"][ROOT] = f"rw,noexec,nosuid,nodev,size=1m,mode=0700,{owned}"
    if user == (os.getuid(), os.getgid()):
        options["group_add"] = [str(group) for group in os.getgroups()]  # data may be readable through one of them
    # An engine of an ordinary user may not be able to set all of these.
    if info.get("PidsLimit", True):
        options["pids_limit"] = PROCESSES + 64 * math.ceil(cpus)
    if info.get("MemoryLimit", True) and memory:
        options["mem_limit"] = memory
        if info.get("SwapLimit", True):
            options["memswap_limit"] = memory
    if info.get("CpuCfsQuota", True):
        options["nano_cpus"] = int(cpus * 1e9)
    return api.create_host_config(**options)


def _mount(bind: Bind) -> Any:
    from docker.types import Mount

    if not bind.source:
        return Mount(bind.target, None, type="tmpfs", tmpfs_size=1 << 20, tmpfs_mode=0o755)
    return Mount(bind.target, bind.source, type="bind", read_only=not bind.writable)


def _variables(job: JobSpec) -> dict[str, str]:
    """What everybody may see who can ask the engine. The recipe's own variables come in through the input."""
    return {
        **pinned(job.cpus),
        "PYTHONPATH": CODE,
        "HOME": "/tmp",
        "TMPDIR": "/tmp",
        "MPLCONFIGDIR": "/tmp/matplotlib",
        SECRETS_VARIABLE: SECRETS,
    }


def _user(info: dict[str, Any]) -> tuple[int, int]:
    if _is_rootless(info):
        return 0, 0  # which is, outside, the user that the engine runs as
    return (os.getuid(), os.getgid()) if os.geteuid() else (STRANGER, STRANGER)


def lends(info: dict[str, Any]) -> bool:
    """Whether a run's folder has to belong to the container's user meanwhile."""
    return _user(info)[0] == STRANGER


def _is_rootless(info: dict[str, Any]) -> bool:
    return any("name=rootless" in option for option in info.get("SecurityOptions") or ())


def _security(info: dict[str, Any]) -> list[str]:
    options = ["no-new-privileges:true"]
    if any("name=selinux" in option for option in info.get("SecurityOptions") or ()):
        # Else nothing of what is mounted could be read, and giving it the label of containers changes users' files.
        options.append("label=disable")
    return options


def _refuse_unreadable(found: list[Bind], job: JobSpec) -> None:
    path = unreadable(found, job, STRANGER)
    if path:
        hint = (
            "root's containers run as an ordinary user: make it readable (chmod -R o+rX), run as an ordinary user, "
            "or take --executor local"
        )
        raise UsageError("this may not be read from inside of a container", where=path, hint=hint)
