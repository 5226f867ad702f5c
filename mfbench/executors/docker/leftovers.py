"""What crashes and time leave behind in the engine: containers that nobody waits for, images that nobody uses.

The engine outlives us, and so does what it was told to run; the labels say whose it is. A container is never taken by
its look alone: a run's only when no driver holds the run, an installation's only when the process that made it is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mfbench.core.errors import EngineError
from mfbench.executors import uses
from mfbench.executors.base import Leftover
from mfbench.executors.docker.client import guarded
from mfbench.executors.docker.images import REPOSITORY
from mfbench.executors.docker.labels import ENVIRONMENT, OWNER, RUN, WORKSPACE
from mfbench.executors.docker.owner import is_dead, is_of_here

if TYPE_CHECKING:
    from docker import DockerClient

_NAMELESS = "<none>:<none>"


def leftovers(client: DockerClient, workspace: str, alive: Callable[[str], bool]) -> list[Leftover]:
    """Containers and images that this workspace, or whoever is gone, has left here; images with their last use.

    Raises EngineError where the engine does not answer any more.
    """
    with guarded("looking for what was left behind"):
        # Listed first and judged afterwards: a driver holds its run from before the container is made.
        containers = client.api.containers(all=True)
        images = {one["Id"]: one for one in client.api.images(all=True)}
    found = []
    for one in containers:
        # What it has inherited from its image says nothing about it: people start containers from our images too.
        inherited = (images.get(one["ImageID"], {}).get("Labels") or {}).items()
        own = dict((one.get("Labels") or {}).items() - inherited)
        if (RUN in own or ENVIRONMENT in own) and (left := _container(one, own, workspace, alive)):
            found.append(left)
    return [*found, *_images(images, {one["ImageID"] for one in containers})]


def _container(
    found: dict[str, Any], own: dict[str, str], workspace: str, alive: Callable[[str], bool]
) -> Leftover | None:
    """own: the labels that it has not from its image."""
    state = found["State"]
    name = found["Names"][0].lstrip("/") if found.get("Names") else found["Id"][:12]
    abandoned = is_dead(own.get(OWNER, ""), found["Created"])
    run = own.get(RUN)
    if run is None:
        return Leftover("container", name, f"an installation that was broken off ({state})") if abandoned else None
    if (found["Labels"] or {}).get(WORKSPACE) == workspace:
        # In a copy of a workspace, which has its id, a run of the other one looks dead: its driver says that it is not.
        gone = abandoned or not is_of_here(own.get(OWNER, ""))
        over = Leftover("container", name, f"of run {run}, which is over ({state})", run=run)
        return over if gone and not alive(run) else None
    # Its own workspace may be gone. One that another machine or container drives is left alone, see `is_dead`.
    what = f"of run {run} of another workspace, whose driver is gone ({state})"
    return Leftover("container", name, what, run=run) if abandoned else None


def _images(every: dict[str, dict[str, Any]], used: set[str]) -> Iterator[Leftover]:
    """Images are judged by their name: what people build on ours has our labels too."""
    for name, one in every.items():
        hash_ = _label(one)
        if hash_ is None or name in used:
            continue
        base = every.get(one.get("ParentId", ""), {})
        size = max(0, one["Size"] - base.get("Size", 0))  # what it has in common with its base stays
        tags = [tag for tag in one.get("RepoTags") or [] if tag != _NAMELESS]
        if f"{REPOSITORY}:{hash_}" in tags:
            last = uses.last_used(hash_)
            last = one["Created"] if last is None else last
            yield Leftover("image", f"{REPOSITORY}:{hash_}", "an environment", size, used=last)
        elif not tags and base and _label(base) is None:  # made right on its base, which has no such label
            yield Leftover("image", name, "an environment that has lost its name", size)


def _label(image: dict[str, Any]) -> str | None:
    return (image.get("Labels") or {}).get(ENVIRONMENT)


def remove(client: DockerClient, leftover: Leftover) -> None:
    """Ends a container and takes it away, or an image; a run's files come back to the workspace's owner.

    Raises EngineError where that cannot be, e.g. for an image that is in use again. What is gone already is fine.
    """
    with guarded(f"removing {leftover.name}"):
        if leftover.kind == "container":
            _remove_container(client, leftover)
        else:
            _remove_image(client, leftover)


def _remove_container(client: DockerClient, leftover: Leftover) -> None:
    from docker.errors import APIError, NotFound

    try:
        found = client.api.inspect_container(leftover.name)
    except NotFound:
        return
    try:
        client.api.remove_container(found["Id"], force=True, v=True)
    except NotFound:
        pass
    except APIError as error:
        if error.status_code != 409:  # somebody else is removing it right now
            raise
    if leftover.run:
        _give_back(client, found, leftover.run)


def _give_back(client: DockerClient, container: dict[str, Any], run: str) -> None:
    """The run's folder goes to whom the workspace belongs, unless the run has another container by now."""
    from mfbench.executors.docker.lending import give_back

    if client.api.containers(all=True, filters={"label": f"{RUN}={run}"}):
        return
    for mount in container.get("Mounts") or []:
        if mount.get("RW") and Path(mount["Source"]).name == run:
            give_back(Path(mount["Source"]))


def _remove_image(client: DockerClient, leftover: Leftover) -> None:
    from docker.errors import APIError, NotFound

    hash_ = leftover.name.rpartition(":")[2]
    last = uses.last_used(hash_)
    if leftover.used is not None and last is not None and last > leftover.used:
        raise EngineError(f"{leftover.name} is in use again")
    try:
        client.api.remove_image(leftover.name, noprune=True)  # of what lies below it nothing is ours
    except NotFound:
        pass
    except APIError as error:
        if error.status_code == 409:
            raise EngineError(f"{leftover.name} is in use by a container or another image") from error
        raise
    uses.forget(hash_)
