"""What the doctor says: findings, and what was mended. And what its parts share while they look."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import PurePosixPath
from typing import Any

from mfbench.core.progress import Progress
from mfbench.journal.ledger import Entry
from mfbench.store.verify import Known
from mfbench.workspace.workspace import Workspace

NAMED = 3  # of those who need a blob, so many are named
REPAIR = "mfbench doctor --repair"


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be. `code` is a stable word; `where` is a path inside the workspace."""

    code: str
    where: str
    what: str
    remedy: str = REPAIR
    mendable: bool = True

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def name(self) -> str:
        """The last part of `where`: a run, a digest, a file."""
        return PurePosixPath(self.where).name


def beyond(code: str, where: str, what: str, remedy: str) -> Finding:
    """A finding that only a person can do something about."""
    return Finding(code, where, what, remedy, mendable=False)


@dataclass(frozen=True)
class Mended:
    """One thing that was mended; `lost` says what is gone for good, '' where nothing is.

    `failed`: it could not be, and `what` says why.
    """

    code: str
    where: str
    what: str
    lost: str = ""
    failed: bool = False

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass
class Need:
    """Who needs a blob: versions of models, artifacts of runs. `size` in bytes, where it is known."""

    size: int | None = None
    models: list[str] = field(default_factory=list)
    runs: list[str] = field(default_factory=list)
    users: int = 0

    def told(self) -> str:
        names = (self.models + self.runs)[:NAMED]
        more = f" and {self.users - len(names):,} more" if self.users > len(names) else ""
        return ", ".join(names) + more


@dataclass
class Look:
    """One look at a workspace; each part adds what later ones need."""

    workspace: Workspace
    fast: bool = False
    progress: Progress | None = None
    entries: list[Entry] = field(default_factory=list)  # of the ledger, as far as it can be read
    deleted: set[str] = field(default_factory=set)  # runs, by the ledger
    needs: dict[str, Need] = field(default_factory=dict)  # by digest
    known: Known | None = None  # None where the database cannot be used

    def tell(self, what: str, done: int, total: int) -> None:
        if self.progress is not None:
            self.progress(what, done, total)

    def need(self, digest: str, size: int | None, *, model: str = "", run: str = "") -> None:
        need = self.needs.setdefault(digest, Need(size))
        need.users += 1
        names, name = (need.models, model) if model else (need.runs, run)
        if len(names) < NAMED:
            names.append(name)


def short(names: Iterable[str], limit: int = NAMED) -> str:
    """'a, b, c and 41 more'."""
    every = list(names)
    more = f" and {len(every) - limit:,} more" if len(every) > limit else ""
    return ", ".join(every[:limit]) + more
