"""Where the workspace is and what lies where in it."""

from __future__ import annotations

import os
import re
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from mfbench.core.errors import NotFoundError, UsageError, WorkspaceError
from mfbench.core.hashing import digest_bytes
from mfbench.core.ids import new_id, random_text
from mfbench.core.machine import host
from mfbench.workspace import disk, locks

FOLDER = ".mfbench"
WORK = "work"  # in a run's folder: where its steps make their outputs; it stays only when the run was killed
FOREIGN = "foreign"  # in a run's folder: it came from another workspace, by an import or a merge
FORMAT = 1
ENVIRONMENT = "MFBENCH_WORKSPACE"
_ID = re.compile(r"[0-9a-z]+(-[0-9a-z]+)*")  # no separator, no dot: a name inside `runs/`
CONFIG = """\
# Settings of this workspace. The defaults stand behind each key.

[trust]
# types = []          # Python types outside the built-in list that a bundle may contain, e.g. "my_models.Blend"

[workspace]
# shared = true       # other machines write here too; by default judged from the kind of disk

[queue]
# max_parallel = 1    # while so many runs are going on, those in the queue wait

[environment]         # what is installed for runs in Docker or in a virtual environment
# base = "python:3.11-slim"
# wheelhouse = "wheels"                       # a folder with wheels, which come before any index
# index = "https://user:${TOKEN}@example.org/simple"
# extra_index = []
# network = "bridge"                          # of the installation
# args = { HTTPS_PROXY = "${HTTPS_PROXY}" }   # environment variables of the installation
# keep = "30d"                                # gc removes an environment that nobody has used for so long
"""


@dataclass(frozen=True)
class Workspace:
    """Paths only: nothing is opened or held. `root` is the .mfbench folder itself."""

    root: Path

    @cached_property
    def runs(self) -> Path:
        return self.root / "runs"

    @cached_property
    def live(self) -> Path:
        return self.root / "live"

    @property
    def cache(self) -> Path:
        return self.root / "cache"

    @property
    def blobs(self) -> Path:
        return self.root / "blobs"

    @cached_property
    def writable(self) -> bool:
        return disk.is_writable(self.root)

    @cached_property
    def is_shared(self) -> bool:
        """Whether other machines may write here: on a network disk, or where the configuration says so."""
        said = self.config.get("workspace", {}).get("shared")
        return said if isinstance(said, bool) else disk.is_network(self.root)

    @cached_property
    def derived(self) -> Path:
        """The folder of the database and its locks: this one, or one of this user's own where that cannot be."""
        if self.writable and not self.is_shared:
            return self.root
        place = digest_bytes(os.fsencode(self.root.resolve()))[:12]  # a copy of a workspace has its id too
        return disk.cache_folder() / f"{self.id}-{place}"

    @property
    def database(self) -> Path:
        return self.derived / "store.duckdb"

    @property
    def store_lock(self) -> Path:
        return self.derived / "store.lock"

    @property
    def fold_lock(self) -> Path:
        return self.derived / "fold.lock"

    @property
    def ledgers(self) -> Path:
        return self.root / "ledger"

    @property
    def ledger(self) -> Path:
        return self.ledgers / f"{self.id}.jsonl"

    @cached_property
    def id(self) -> str:
        try:
            marker = msgspec.json.decode((self.root / "workspace.json").read_bytes())
            found, form = str(marker["id"]), int(marker["format"])
        except (OSError, msgspec.DecodeError, KeyError, TypeError, ValueError) as error:
            raise WorkspaceError(
                f"this folder is no workspace: its workspace.json cannot be read ({error})", where=str(self.root)
            ) from None
        if form > FORMAT:
            raise WorkspaceError(
                f"this workspace has format {form}, and this mfbench knows up to {FORMAT}",
                where=str(self.root),
                hint="install a newer mfbench",
            )
        return found

    @cached_property
    def config(self) -> dict[str, Any]:
        """config.toml as a mapping; a missing file is an empty one."""
        import tomllib

        path = self.root / "config.toml"
        try:
            return tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise WorkspaceError(f"the configuration cannot be read: {error}", where=str(path)) from None

    @property
    def trusted_types(self) -> list[str]:
        """Types that bundles may contain beside the built-in list; the user's own decision."""
        types = self.config.get("trust", {}).get("types", [])
        if not isinstance(types, list) or not all(isinstance(item, str) for item in types):
            where = str(self.root / "config.toml")
            raise WorkspaceError("[trust] types must be a list of dotted names", where=where)
        return types

    def require_writable(self, doing: str) -> None:
        """Raises WorkspaceError where this workspace can only be read. doing: e.g. "delete runs"."""
        if not self.writable:
            hint = "copy it to a place of your own, or ask its owner"
            raise WorkspaceError(f"this workspace is read-only: it cannot {doing}", where=str(self.root), hint=hint)

    def run_folder(self, run: str) -> Path:
        return self.runs / run

    def is_foreign(self, run: str) -> bool:
        """Whether a run came from another workspace: what it says of itself was written by others."""
        return (self.run_folder(run) / FOREIGN).exists()

    def new_run(self, holder: dict[str, Any]) -> tuple[str, int]:
        """Makes a run's marker and folder: (run id, descriptor that keeps the run alive).

        Raises WorkspaceError where the disk does not take them.
        """
        content = _marker(holder)
        try:
            while True:
                run = new_id()
                try:
                    descriptor = locks.hold(f"{self.root}/live/{run}", content)
                except FileExistsError:
                    continue
                except FileNotFoundError:  # in a copy: some tools leave out empty folders
                    self.live.mkdir()
                    self.runs.mkdir(exist_ok=True)
                    continue
                folder = f"{self.root}/runs/{run}"
                try:
                    os.mkdir(folder)  # noqa: PTH102  thousands of runs: paths as text
                    os.mkdir(f"{folder}/events")  # noqa: PTH102
                    return run, descriptor
                except FileExistsError:  # of another run, which ended long ago
                    (self.live / run).unlink()
                    os.close(descriptor)
                except OSError:
                    self.discard(run, descriptor)
                    raise
        except OSError as error:
            self.require_writable("take a new run")
            raise WorkspaceError(f"no run can be made: {error.strerror}", where=str(self.root)) from error

    def hold_run(self, run: str, holder: dict[str, Any]) -> int:
        """Takes up a run whose leader is gone: the descriptor that keeps it alive. Raises UsageError where it lives."""
        self.live.mkdir(exist_ok=True)
        try:
            if self.is_alive(run):  # on another machine, perhaps, whose lock is not seen here
                raise FileExistsError
            return locks.hold(self.live / run, _marker(holder), anew=False)
        except FileExistsError:
            hint = f"follow it: mfbench runs logs {run} --follow"
            raise UsageError(f"run {run} is running", hint=hint) from None

    def discard(self, run: str, descriptor: int) -> None:
        """Lets go of a run that could not begin: nobody will ever hear of it."""
        import shutil

        shutil.rmtree(self.run_folder(run), ignore_errors=True)
        (self.live / run).unlink(missing_ok=True)
        os.close(descriptor)

    def is_alive(self, run: str) -> bool:
        """Whether the run's leader lives: it holds the marker's lock, or touches it from another machine."""
        marker = f"{self.root}/live/{run}"
        try:
            return locks.is_held(marker) or (self.is_shared and disk.is_fresh(marker) and _is_foreign(marker))
        except locks.NoLocksError:
            return disk.is_fresh(marker)

    def touch_runs(self) -> None:
        """Makes known that folders were moved into or out of `runs/`, more finely than the kernel's clock does."""
        now = time.time_ns()
        with suppress(OSError):  # the folder is another user's: then the kernel's clock has to do
            os.utime(self.runs, ns=(now, now))

    def run_names(self) -> list[str]:
        """Every run that has a folder, in no order."""
        try:
            with os.scandir(self.runs) as entries:
                return [entry.name for entry in entries if entry.name[0] != "." and entry.is_dir()]
        except FileNotFoundError:
            return []

    def find_run(self, text: str) -> str:
        """The run that `text` means: a whole id, a unique beginning or end of one, or 'last'."""
        if _ID.fullmatch(text) and self.run_folder(text).is_dir():
            return text
        names = self.run_names()
        if text == "last" and names:
            return max(names)
        found = sorted(name for name in names if text and (name.startswith(text) or name.endswith(text)))
        if len(found) == 1:
            return found[0]
        if found:
            raise NotFoundError(f"{text!r} means {len(found)} runs", hint="among them: " + ", ".join(found[-5:]))
        deleted = [name for name in self._trashed() if text and (name.startswith(text) or name.endswith(text))]
        hint = f"it was deleted; bring it back: mfbench runs restore {deleted[0]}" if len(deleted) == 1 else None
        raise NotFoundError(f"there is no run {text!r}", hint=hint or "list the runs with: mfbench runs")

    def _trashed(self) -> list[str]:
        try:
            return [name for name in os.listdir(self.root / "trash") if _ID.fullmatch(name)]
        except OSError:
            return []


def _marker(holder: dict[str, Any]) -> str:
    return msgspec.json.encode({**holder, "boot": disk.boot()}).decode()


def _is_foreign(marker: str) -> bool:
    """Whether another machine made the marker. One that was made here before a restart belongs to nobody."""
    try:
        holder = msgspec.json.decode(Path(marker).read_bytes())
        return bool(holder["host"] != host() and holder.get("boot") != disk.boot())
    except (OSError, msgspec.DecodeError, KeyError, TypeError):
        return False


def find(start: Path | None = None, named: str | os.PathLike[str] | None = None) -> Workspace | None:
    """The workspace named by argument or MFBENCH_WORKSPACE, else the nearest one upwards; None if there is none."""
    named = named or os.environ.get(ENVIRONMENT)
    if named:
        folder = Path(named).expanduser().absolute()
        inner = folder if folder.name == FOLDER or (folder / "workspace.json").exists() else folder / FOLDER
        return Workspace(inner) if (inner / "workspace.json").exists() else None
    here = (start or Path.cwd()).absolute()
    for folder in (here, *here.parents):
        if (folder / FOLDER / "workspace.json").exists():
            return Workspace(folder / FOLDER)
    return None


def require(named: str | os.PathLike[str] | None = None) -> Workspace:
    """The workspace, or a WorkspaceError that says how to make one."""
    found = find(named=named)
    if found is None:
        where = str(named or os.environ.get(ENVIRONMENT) or Path.cwd())
        raise WorkspaceError("no workspace here or in any folder above", where=where, hint="make one: mfbench init")
    found.id  # noqa: B018  refuses a workspace that is damaged or newer than this program, before any use
    return found


def create(folder: Path) -> Workspace:
    """Makes `folder/.mfbench`, or completes one that is there. Safe to call twice and at once."""
    root = folder if folder.name == FOLDER else folder / FOLDER
    marker = root / "workspace.json"
    try:
        for name in ("runs", "live", "cache", "blobs", "ledger", "capture", "reports", "trash"):
            (root / name).mkdir(parents=True, exist_ok=True)
        if not marker.exists():
            staged = root / f".{random_text(8)}"
            staged.write_bytes(msgspec.json.encode({"format": FORMAT, "id": new_id()}))
            try:
                os.link(staged, marker)  # the first of two at once wins, and both see the same id
            except FileExistsError:
                pass
            finally:
                staged.unlink()
        for name, content in (("config.toml", CONFIG), (".gitignore", "*\n")):
            if not (root / name).exists():
                (root / name).write_text(content, encoding="utf-8")
    except OSError as error:
        raise WorkspaceError(f"the workspace cannot be made: {error.strerror}", where=str(root)) from error
    return Workspace(root)


def find_or_create(named: str | os.PathLike[str] | None = None) -> Workspace:
    """The workspace for work that makes one when there is none: named, else here."""
    found = find(named=named)
    if found is None:
        return create(Path(named or os.environ.get(ENVIRONMENT) or Path.cwd()).expanduser().absolute())
    found.id  # noqa: B018  the same refusal as in `require`
    return found
