"""What is referred to, told by its name: digests of blobs and keys of cached steps, 64 hexadecimal digits both.

The roots are the journals and jobs of all runs (also of those in the trash: they can come back) and every ledger.
Files are searched as bytes: a line that no reader understands still keeps what it names, and 100,000 runs take
seconds. From there on small JSON blobs are followed, because a bundle's manifest names its files.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

from mfbench.core.errors import MfbenchError
from mfbench.core.progress import Progress
from mfbench.journal import sealing
from mfbench.journal.sealed import SEALED, read_lines
from mfbench.tracking import run as tracking
from mfbench.workspace.workspace import WORK, Workspace

# In JSON a name follows a quote or, as part of a path, a slash. Asking for it makes the search several times faster.
_NAME = re.compile(rb'["/:]([0-9a-f]{64})')
_CHUNK = 16 << 20  # bytes read at once
_MANIFEST = 16 << 20  # bytes: a larger blob is data, not a manifest
STAGED = (sealing.STAGED, tracking.STAGED)
_JOB = "job.json"
_LOT = 500  # runs


class Roots:
    """Finds out which of the names `wanted` nothing refers to.

    `unnamed`: those that were not seen so far. `unread`: roots that could not be read, with the reason; while there
    are any, `unnamed` proves nothing. `staged` and `work`: what writers and steps that were killed may have left in the
    runs that were searched.
    """

    def __init__(self, workspace: Workspace, wanted: Iterable[str]) -> None:
        self.workspace = workspace
        self.unnamed = {name.encode() for name in wanted}
        self.unread: list[tuple[str, str]] = []
        self.staged: list[str] = []
        self.work: list[str] = []
        self._unfollowed = set(self.unnamed)

    def search_text(self, content: bytes) -> None:
        self.unnamed.difference_update(_NAME.findall(content))

    def search_ledgers(self) -> None:
        """All of them: this workspace's own, merged ones, and damaged ones that were put aside."""
        for place, _, names in os.walk(self.workspace.ledgers):
            for name in names:
                self._search_file(f"{place}/{name}")

    def search_runs(self, runs: list[str], tell: Progress) -> None:
        """By four threads: where the files are not in memory, most of the time is waiting for the disk."""
        lots = [runs[start : start + _LOT] for start in range(0, len(runs), _LOT)]
        with ThreadPoolExecutor(4) as pool:
            for number, _ in enumerate(pool.map(self._search_lot, lots), 1):
                tell("searching journals", min(number * _LOT, len(runs)), len(runs))

    def _search_lot(self, runs: list[str]) -> None:
        for run in runs:
            self.search_run(run)

    def search_run(self, run: str) -> None:
        """A run, wherever it lies now: it may be deleted or restored under our eyes."""
        places = [f"{self.workspace.root}/{part}/{run}" for part in ("runs", "trash")]
        for folder in places * 3:
            try:
                self._search_folder(folder)
                return
            except NotADirectoryError:
                return
            except FileNotFoundError:  # the run, or a file of it, went away just now
                continue
            except OSError as error:
                self._failed(folder, error)
                return
        if any(map(os.path.lexists, places)):
            self.unread.append((places[0], "it changes all the time"))

    def follow(self) -> None:
        """Searches the blobs that were named, then those that they name, and so on."""
        while new := self._unfollowed - self.unnamed:
            self._unfollowed -= new
            for digest in new:
                self.search_text(self._manifest(digest.decode()))

    def _search_folder(self, folder: str) -> None:
        with os.scandir(folder) as found:
            for entry in found:
                if entry.name == "events":
                    self._search_events(folder)
                elif entry.name == _JOB:
                    self._search_file(entry.path)
                elif entry.name == WORK:
                    self.work.append(entry.path)
                elif entry.name.startswith(STAGED):
                    self.staged.append(entry.path)

    def _search_events(self, folder: str) -> None:
        for name in os.listdir(f"{folder}/events"):
            path = f"{folder}/events/{name}"
            if name.startswith(STAGED):
                self.staged.append(path)
            elif name == SEALED:
                self._search_sealed(path)
            else:
                self._search_file(path)

    def _search_file(self, path: str) -> None:
        try:
            for content in _pieces(path):
                self.search_text(content)
        except OSError as error:
            if not os.path.lexists(path):
                raise
            self._failed(path, error)

    def _search_sealed(self, path: str) -> None:
        try:
            for _, lines in read_lines(path):
                self.search_text(b"".join(lines))
        except MfbenchError as error:
            self.unread.append((path, error.message))
        except OSError as error:
            if not os.path.lexists(path):
                raise
            self._failed(path, error)

    def _manifest(self, digest: str) -> bytes:
        """The content of a blob that is JSON and not large, else nothing."""
        for folder in (self.workspace.blobs, self.workspace.root / "trash" / "blobs"):
            try:
                with (folder / digest).open("rb") as stream:
                    head = stream.read(1)
                    if head != b"{" or os.fstat(stream.fileno()).st_size > _MANIFEST:
                        return b""
                    return head + stream.read()
            except FileNotFoundError:
                continue
            except OSError as error:
                self._failed(f"{folder}/{digest}", error)
        return b""

    def _failed(self, path: str, error: OSError) -> None:
        self.unread.append((path, error.strerror or str(error)))


def _pieces(path: str) -> Iterator[bytes]:
    """A file's content, each piece with the end of the one before: a name may lie across."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a pipe among the files must not stop us
    try:
        state = os.fstat(descriptor)
        if stat.S_ISDIR(state.st_mode):
            return
        if not stat.S_ISREG(state.st_mode):
            raise OSError("it is no plain file")
        rest = b""
        while chunk := os.read(descriptor, min(_CHUNK, state.st_size + 1)):
            yield rest + chunk if rest else chunk
            rest = (rest + chunk)[-64:]
    finally:
        os.close(descriptor)
