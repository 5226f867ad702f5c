"""What of this machine a container sees, and nothing else: each thing at the very path that it has here.

The run's folder can be written; the job, and what others have written to its journal, only read. So are the blobs that
the job names, and its sources. Nothing of the workspace beside that is there.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from mfbench.core.errors import DamageError, UsageError
from mfbench.executors.docker.lending import not_readable
from mfbench.worker.job import JOB, JobSpec
from mfbench.workspace.workspace import WORK

ROOT = "/root"
CODE = "/opt/mfbench"  # where mfbench itself lies in a container
SECRETS = "/run/secrets"
MOST = 128  # single files; of more, their folders are handed in
_OCTAL = re.compile(r"\\([0-7]{3})")  # how the list of mounts writes a space
_SYSTEM = ("/bin", "/boot", "/dev", "/etc", "/lib", "/lib32", "/lib64", "/libx32", "/proc", "/sbin", "/sys", "/usr")
_TAKEN = (*_SYSTEM, CODE, SECRETS)


@dataclass(frozen=True)
class Bind:
    """`source` on this machine, at `target` in the container; read-only unless `writable`. No source: left empty."""

    source: str
    target: str
    writable: bool = False


def binds(folder: Path, job: JobSpec) -> list[Bind]:
    """Everything that the container of this job has mounted. `folder` is the run's, without symbolic links.

    Raises UsageError for paths that a container cannot have, DamageError for a missing blob.
    """
    found = [*_run(folder), *_blobs(folder, job), *_reads(folder, job), _package()]
    for bind in found:
        try:
            bind.target.encode()
        except UnicodeEncodeError:
            raise UsageError("a container cannot have this path: it is no UTF-8", where=repr(bind.target)) from None
    return list({bind.target: bind for bind in found}.values())


def goes_through(found: list[Bind], place: str) -> bool:
    """Whether the way to anything leads through a folder of the image's own."""
    targets = {bind.target for bind in found}
    return place not in targets and any(_is_in(target, place) for target in targets)


def unreadable(found: list[Bind], job: JobSpec, user: int) -> str | None:
    """The first path that this user may not read once it is mounted; the folders above do not matter then.

    Of a folder that comes in for the sake of many files, only these matter. Of the run's own files none does.
    """
    own = [bind.source for bind in found if bind.writable]
    others = [bind.source for bind in found if bind.source and not any(_is_in(bind.source, folder) for folder in own)]
    alone = (not_readable(source, user) for source in others)
    return next(filter(None, chain(alone, (not_readable(path, user, deep=True) for path in job.reads))), None)


def _run(folder: Path) -> Iterator[Bind]:
    _refuse_taken(str(folder), "the workspace")
    (folder / WORK).mkdir(exist_ok=True)
    events = folder / "events"
    yield Bind(str(folder), str(folder), writable=True)
    # A mount of its own: nobody inside can put another folder in its place.
    yield Bind(str(events), str(events), writable=True)
    for path in (folder / JOB, *sorted(events.iterdir())):
        if stat.S_ISREG(path.lstat().st_mode):
            yield Bind(str(path), str(path))


def _blobs(folder: Path, job: JobSpec) -> Iterator[Bind]:
    named = [*(step.outputs for step in job.steps if step.cached), *job.given.values()]
    for digest in sorted({digest for outputs in named for digest in outputs.values()}):
        target = os.path.normpath(folder / job.blobs / digest)
        if not Path(target).is_file():
            hint = "what is missing, and the way out, tells: mfbench doctor"
            raise DamageError(f"blob {digest[:12]} is missing", where=target, hint=hint)
        yield Bind(os.path.realpath(target), target)


def _reads(folder: Path, job: JobSpec) -> Iterator[Bind]:
    files = [path for path in job.reads if not Path(path).is_dir()]
    folders = [path for path in job.reads if Path(path).is_dir()]
    for path in files:
        if not Path(path).is_file():
            raise UsageError("this file is named as a source and is not there", where=path)
    if len(files) > MOST:
        # Links in such a folder lead to where they led: that has to be there too.
        folders += sorted({str(Path(name).parent) for path in files for name in (path, os.path.realpath(path))})
    else:
        for path in files:
            _refuse_device(path)
            yield from _by_every_name(path)
    root = os.path.normpath(folder / job.blobs / "..")
    for path in dict.fromkeys(folders):
        _refuse_taken(path, "a source's folder")
        yield from _by_every_name(path)
        yield from (Bind(place, place) for place in _mounted_in(os.path.realpath(path)))
        if _is_in(root, os.path.realpath(path)) and not _is_in(path, root):
            yield Bind("", root)  # other runs, models, the ledger


def _by_every_name(path: str) -> Iterator[Bind]:
    """Programs open it by the name that it was given, or by that with the links of its folder resolved."""
    plain, real = os.path.normpath(path), os.path.realpath(path)
    resolved = str(Path(plain).parent.resolve() / Path(plain).name)
    for target in dict.fromkeys((plain, resolved, real)):
        yield Bind(real, target)


def _package() -> Bind:
    return Bind(str(Path(__file__).resolve().parents[2]), f"{CODE}/mfbench")


def _mounted_in(folder: str) -> Iterator[str]:
    """File systems that are mounted below a folder: a read-only mount of it would leave these writable."""
    try:
        lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return
    for line in lines:
        place = _OCTAL.sub(lambda found: chr(int(found[1], 8)), line.split()[4])
        if place != folder and _is_in(place, folder):
            yield place


def _refuse_taken(path: str, what: str) -> None:
    for place in _TAKEN:
        if path == "/" or _is_in(path, place) or _is_in(place, path):
            hint = "move it elsewhere, or run on this machine itself: --executor local"
            raise UsageError(f"{what} lies where a container has its own system ({place})", where=path, hint=hint)


def _refuse_device(path: str) -> None:
    if any(_is_in(os.path.realpath(path), place) for place in ("/proc", "/sys", "/dev")):
        raise UsageError("this source is no file of a disk: a container has its own", where=path)


def _is_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")
