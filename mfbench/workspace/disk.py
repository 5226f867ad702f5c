"""What kind of disk a workspace lies on: whether it can be written, and whether other machines write to it too."""

from __future__ import annotations

import os
import time
from functools import cache
from pathlib import Path

# Where a lock of one machine may mean nothing to another, and a database file may not be mapped by two.
_NETWORK = ("nfs", "cifs", "smb", "9p", "afs", "lustre", "gluster", "ceph", "beegfs", "gpfs", "fuse.")
_LOCAL_FUSE = ("fuse.fuse-overlayfs", "fuse.overlayfs", "fuse.ntfs", "fuse.exfat", "fuse.lxcfs")
BEAT = 10.0  # seconds between two signs of life of a run's leader
DEAD = 120.0  # without one for so long it counts as dead: clocks of machines differ


def is_writable(folder: Path) -> bool:
    return os.access(folder, os.W_OK)


def is_network(folder: Path) -> bool:
    """Whether the folder's file system is one that several machines share. Only Linux can tell; else False."""
    kind = _kind(os.path.realpath(folder))
    return kind.startswith(_NETWORK) and not kind.startswith(_LOCAL_FUSE)


def cache_folder() -> Path:
    """Where this user keeps on this machine what can be made again."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "mfbench"


@cache
def boot() -> str:
    """What tells this start of this machine's kernel from every other; '' where the system does not say.

    Containers on one machine have the same, and see each other's locks.
    """
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def is_fresh(marker: str | Path) -> bool:
    """Whether a file was touched so lately that its owner, on some other machine, must be alive."""
    try:
        return time.time() - Path(marker).stat().st_mtime < DEAD
    except OSError:
        return False


def _kind(folder: str) -> str:
    """The type of the file system that `folder` lies on, from the list of mounts."""
    best, kind = "", ""
    try:
        lines = Path("/proc/self/mountinfo").read_text().splitlines()
    except OSError:
        return ""
    for line in lines:
        left, _, right = line.partition(" - ")
        mount = left.split()[4].replace("\\040", " ")
        inside = folder == mount or folder.startswith(mount.rstrip("/") + "/")
        if inside and len(mount) >= len(best):  # of two on one place the later hides the earlier
            best, kind = mount, right.split()[0]
    return kind
