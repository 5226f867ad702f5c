"""When an environment was last used on this machine: files whose time of change says so, in the user's cache folder.

Images and virtual environments are shared by all workspaces of a user, so none of these can say it.
"""

from __future__ import annotations

from pathlib import Path

from mfbench.workspace.disk import cache_folder


def mark(name: str) -> None:
    """Says that the environment of this hash is in use now."""
    try:
        _folder().mkdir(parents=True, exist_ok=True)
        (_folder() / name).touch()
    except OSError:  # a full or read-only disk: at worst it is made once more some day
        pass


def last_used(name: str) -> float | None:
    """Seconds since 1970; None where it was never marked here."""
    try:
        return (_folder() / name).stat().st_mtime
    except OSError:
        return None


def forget(name: str) -> None:
    (_folder() / name).unlink(missing_ok=True)


def build_lock(name: str) -> Path:
    """The lock file under which the environment of this hash is made, so that two at once make it once."""
    _folder().mkdir(parents=True, exist_ok=True)
    return _folder() / f"{name}.lock"


def _folder() -> Path:
    return cache_folder() / "environments"
