"""Every error that mfbench raises on purpose.

MfbenchError                what happened, where, what to do; exit code 1
├── UsageError              what was asked is wrong; exit code 2
│   ├── RecipeError         a recipe is wrong, with file:line:column
│   ├── FitError            what a recipe asks for does not fit its data or estimator; names the key
│   ├── NotFoundError       no such run, model, version, alias
│   └── WorkspaceError      no workspace here, or not one we can use
├── RefusedError            a gate or a data check refused; exit code 3
├── RunFailedError          a run ended without finishing; exit code 1
├── StoreBusyError          somebody else holds the database for too long
├── DiskError               the operating system refused to write or read
├── EngineError             what a worker should run on does not answer, or refused
├── InstallError            an environment could not be made
├── StoppedError            what was going on was stopped, as asked
├── DamageError             a journal, ledger, blob or bundle is not what was written
└── MissingPluginError      a named plug-in or extra is not installed

StaleWarning                what is shown may lack what was written last
"""

from __future__ import annotations

import os
from errno import ENOSPC


class MfbenchError(Exception):
    """Base of the tree.

    `where` is a place a person can go to (file:line:column, a run, a path), `hint` what to do next.
    """

    exit_code = 1
    title = "failed"

    def __init__(self, message: str, *, where: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        head = f"{self.where}: {self.message}" if self.where else self.message
        return f"{head}\n  {self.hint}" if self.hint else head

    def as_dict(self) -> dict[str, str | None]:
        """The same as fields, for `--json`."""
        kind = type(self).__name__.removesuffix("Error")
        return {"type": kind, "message": self.message, "where": self.where, "hint": self.hint}


class UsageError(MfbenchError):
    exit_code = 2
    title = "not possible"


class StaleWarning(UserWarning):
    """What is shown may lack what was written last; the text says why."""


class RecipeError(UsageError):
    title = "recipe"


class FitError(UsageError):
    """Raised below the recipe's file: `key` is what the message is about, e.g. ("data", "target")."""

    title = "recipe"

    def __init__(self, key: tuple[str | int, ...], message: str, hint: str | None = None) -> None:
        super().__init__(message, where=".".join(str(part) for part in key), hint=hint)
        self.key = key


class DiskError(MfbenchError):
    title = "disk"


def from_os(error: OSError, doing: str) -> DiskError:
    """What the operating system refused, in a person's words."""
    hint = "free some space and run again: what had finished is cached" if error.errno == ENOSPC else None
    return DiskError(f"{doing}: {error.strerror or error}", where=os.fspath(error.filename or "") or None, hint=hint)


class NotFoundError(UsageError):
    title = "not found"


class WorkspaceError(UsageError):
    title = "workspace"


class RefusedError(MfbenchError):
    exit_code = 3
    title = "refused"


class RunFailedError(MfbenchError):
    title = "run failed"


class StoreBusyError(MfbenchError):
    title = "store busy"


class EngineError(MfbenchError):
    title = "engine"


class InstallError(MfbenchError):
    title = "environment"


class StoppedError(MfbenchError):
    exit_code = 130
    title = "stopped"


class DamageError(MfbenchError):
    title = "damaged"


class MissingPluginError(UsageError):
    title = "not installed"
