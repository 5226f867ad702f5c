"""What an archive of runs and models says of itself, and which names may stand in it.

One zip file. `export.json` comes first and lists every other entry with its size and SHA-256:

runs/<run id>/…        the journal and the other files of a run's folder
blobs/<sha256>         content that those runs and models refer to, once each
ledger/<id>.jsonl      the ledger of the workspace it comes from, as evidence; only where models are exported

The patterns here are all that reading an archive trusts: a name that does not match is never made into a path.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Annotated, Any

import msgspec

from mfbench.core.errors import DamageError, UsageError
from mfbench.core.structs import make_ready
from mfbench.journal.sealed import SEALED

FORMAT = 1
INDEX = "export.json"
LARGEST_INDEX = 256 << 20  # bytes: some 600,000 runs

_ID = r"[0-9]{8}-[0-9]{9}-[0-9a-hjkmnp-tv-z]{5}"  # as core.ids makes them
_SEGMENT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]{0,120}-[0-9]{1,9}\.jsonl")
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.IGNORECASE)  # no such file can exist on NTFS

Id = Annotated[str, msgspec.Meta(pattern=rf"\A{_ID}\Z")]
Digest = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z")]
Size = Annotated[int, msgspec.Meta(ge=0, le=1 << 50)]
Text = Annotated[str, msgspec.Meta(max_length=10_000)]
Path_ = Annotated[str, msgspec.Meta(min_length=1, max_length=1024)]


class Content(msgspec.Struct, frozen=True):
    """A file by what is in it."""

    sha256: Digest
    bytes: Size


class RunRecord(msgspec.Struct, frozen=True):
    """`files` by their path in the run's folder. `damaged`: lines of its journal that could not be read."""

    id: Id
    name: Text | None
    status: Text
    files: dict[Path_, Content]
    damaged: Size = 0


class ModelRecord(msgspec.Struct, frozen=True):
    """A version, for people; what counts is its entry in the ledger beside it."""

    name: Text
    version: int
    digest: Digest
    run: Text
    champion: bool
    registered: int
    actor: Text
    metrics: dict[str, Any]
    origin: dict[str, Any] | None = None


class Index(msgspec.Struct, frozen=True, kw_only=True):
    """`head`: the hash of the ledger's last line. `made`: microseconds since the epoch, UTC."""

    format: int = FORMAT
    workspace: Id
    head: Digest
    ledger: Content | None
    made: int
    by: Text
    mfbench: Text
    runs: tuple[RunRecord, ...]
    models: tuple[ModelRecord, ...]
    blobs: dict[Digest, Size]
    missing: tuple[Digest, ...] = ()

    def entries(self) -> dict[str, Content]:
        """Every other entry of the archive by its name."""
        found = {f"runs/{run.id}/{path}": content for run in self.runs for path, content in run.files.items()}
        found |= {f"blobs/{digest}": Content(digest, size) for digest, size in self.blobs.items()}
        if self.ledger:
            found[f"ledger/{self.workspace}.jsonl"] = self.ledger
        return found


class _Form(msgspec.Struct):
    format: int


def parse_index(content: bytes, where: str) -> Index:
    """Raises UsageError for what no `export` wrote or a newer one did, DamageError for names that it never writes."""
    try:
        form = msgspec.json.decode(content, type=_Form).format
    except (msgspec.MsgspecError, RecursionError, ValueError):
        raise UsageError("this is no archive of mfbench export", where=where) from None
    if form > FORMAT:
        told = f"the archive has format {form}, and this mfbench knows up to {FORMAT}"
        raise UsageError(told, where=where, hint="install a newer mfbench")
    try:
        index = msgspec.json.decode(content, type=Index)
    except (msgspec.MsgspecError, RecursionError, ValueError) as error:
        raise DamageError(f"the archive's export.json is not what export writes: {error}", where=where) from None
    if len({run.id for run in index.runs}) != len(index.runs):
        raise DamageError("the archive lists a run twice", where=where)
    for run in index.runs:
        wrong = next((path for path in run.files if not is_run_file(path)), None) or collision(run.files)
        if wrong is not None:
            raise DamageError(f"the archive names a file that no run has: {wrong!r}", where=where)
        if not any(path.startswith("events/") for path in run.files):
            raise DamageError(f"run {run.id} has no journal in the archive", where=where)
    return index


def is_id(text: str) -> bool:
    """Whether it is the id of a run or workspace."""
    return re.fullmatch(_ID, text) is not None


def is_run_file(path: str) -> bool:
    """Whether a file of that relative path may lie in a run's folder, here and on any other system."""
    parts = path.split("/")
    if parts[0] == "events":
        return len(parts) == 2 and (parts[1] == SEALED or _SEGMENT.fullmatch(parts[1]) is not None)
    return all(_is_name(part) for part in parts) and len(path.encode()) <= 1024


def _is_name(part: str) -> bool:
    """Printable, no separator or drive of any system, no dot file, nothing that another system changes or refuses."""
    right = part.isprintable() and not set(part) & set('\\:<>"|?*') and part[:1] not in ("", ".", " ")
    return right and part[-1] not in ". " and len(part.encode()) <= 255 and not _RESERVED.fullmatch(part)


def collision(paths: Iterable[str]) -> str | None:
    """The first path that some system takes for another one, or for the folder of another one."""
    spelled: dict[str, tuple[str, bool]] = {}
    for path in paths:
        parts = path.split("/")
        for depth in range(1, len(parts) + 1):
            part = "/".join(parts[:depth])
            now = (part, depth == len(parts))
            if spelled.setdefault(unicodedata.normalize("NFC", part).casefold(), now) != now:
                return path
    return None


make_ready(Index, _Form)
