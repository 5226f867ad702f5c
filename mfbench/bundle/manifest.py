"""What a bundle says of itself, and whether its files are what it says.

manifest.json          this; its SHA-256 is the bundle's digest
features.json .skops   the feature path
model/                 the fitted model, as its flavor writes it
code/                  the user's own modules that it needs; imported only where its types are trusted
input_example.json     a few rows to try
trained_rows.bin       fingerprints of the rows that it was fitted on
reference.parquet      held-out rows with prediction and label
reference.json         what all held-out rows look like, column by column (see drift.profile)
requirements.txt       exact versions
README.md              the model card
provenance.json        who, when, where from; outside the digest
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any

import msgspec

from mfbench.core import jsonio
from mfbench.core.errors import DamageError
from mfbench.core.hashing import digest_bytes, digest_file
from mfbench.core.structs import make_ready

FORMAT = 1
MANIFEST = "manifest.json"
CODE = "code"
PROVENANCE = "provenance.json"


class Field(msgspec.Struct, frozen=True):
    """A column of the signature; `dtype` is a Polars type such as 'Float64' or 'Datetime(us, UTC)'."""

    name: str
    dtype: str
    nullable: bool = True


class File(msgspec.Struct, frozen=True):
    sha256: str
    bytes: int


class TrainedRows(msgspec.Struct, frozen=True):
    """The rows that the model was fitted on, told by the fingerprints of these columns in trained_rows.bin."""

    columns: tuple[str, ...]
    rows: int


class Monitored(msgspec.Struct, frozen=True, kw_only=True):
    """What the recipe says of the rows to come, and how the model is to be watched ([monitor]; None: not said).

    time: the column that the rows were split by; unit: what is independent of its like, 'row', a period of `time`
    ('hour', 'day', 'week', 'month') or a column; key: the column that tells rows apart; private: inputs that stand in
    no reference, report or capture. For the others see drift.settings.
    """

    time: str | None = None
    unit: str = "row"
    key: str | None = None
    label_delay: str | None = None
    private: tuple[str, ...] = ()
    slices: tuple[str, ...] = ()
    window: str | None = None
    false_alarms: str | None = None
    level: float | None = None
    min_effect: float | None = None
    margin: float | None = None
    metric: str | None = None


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """`classes[code]` is the class behind a code; of two, the last is the positive one."""

    format: int = FORMAT
    name: str
    task: str
    flavor: str
    estimator: str
    target: str
    classes: tuple[Any, ...]
    inputs: tuple[Field, ...]
    outputs: tuple[Field, ...]
    features: tuple[str, ...]
    metrics: dict[str, float]
    requirements: tuple[str, ...]
    python: str
    reading: dict[str, Any] = {}  # how the training data was written: format and csv, as in a recipe
    types: tuple[str, ...] = ()  # in the model, and vouched for by nobody but the user
    forecast: dict[str, Any] | None = None  # {"settings": data.future.Settings, "intervals": data.intervals.Intervals}
    threshold: float | None = None  # of the positive class's probability; None: as the estimator decides
    trained: TrainedRows | None = None
    monitored: Monitored = Monitored()
    files: dict[str, File]


make_ready(Manifest)


def read_manifest(folder: Path) -> tuple[Manifest, str]:
    """(manifest, digest). Raises DamageError where it is missing, unreadable or names files outside."""
    path = folder / MANIFEST
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DamageError(f"this is no bundle: {error.strerror}", where=str(path)) from None
    return parse_manifest(content, str(path)), digest_bytes(content)


def parse_manifest(content: bytes, where: str) -> Manifest:
    try:
        manifest = msgspec.convert(jsonio.loads(content), Manifest)
    except (msgspec.MsgspecError, TypeError, ValueError) as error:
        raise DamageError(f"the manifest cannot be read: {error}", where=where) from None
    if manifest.format > FORMAT:
        hint = "install a newer mfbench"
        raise DamageError(f"the bundle has format {manifest.format}, known is {FORMAT}", where=where, hint=hint)
    for name in manifest.files:
        pure = PurePosixPath(name)
        if pure.is_absolute() or ".." in pure.parts or "\\" in name or not name or ":" in name:
            raise DamageError(f"the manifest names a file outside of the bundle: {name!r}", where=where)
    return manifest


def verify(folder: Path) -> tuple[Manifest, str]:
    """(manifest, digest) of a bundle whose every file was read and is what the manifest says.

    Raises DamageError for a file that is missing, changed, a link, or not listed.
    """
    manifest, digest = read_manifest(folder)
    for name, file in manifest.files.items():
        path = folder / name
        if path.is_symlink() or not path.is_file():
            raise DamageError("a file of the bundle is missing", where=str(path))
        if path.stat().st_size != file.bytes or digest_file(path) != file.sha256:
            raise DamageError("a file of the bundle is not what was packed", where=str(path))
    listed = {*manifest.files, MANIFEST, PROVENANCE}
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if not path.is_dir() and name not in listed:
            raise DamageError("the bundle holds a file that its manifest does not list", where=str(path))
    return manifest, digest
