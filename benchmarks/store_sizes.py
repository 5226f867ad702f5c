"""What lies on the disk, in megabytes: blocks, so that a folder and a file of a few lines count as what they take."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from benchmarks.model import OURS, Measure, Row

MB = 1_000_000


def on_disk(path: Path) -> int:
    """The bytes of a file, or of a folder with all that is in it."""
    inside = path.rglob("*") if path.is_dir() else ()
    return sum(item.lstat().st_blocks * 512 for item in (path, *inside))


def size_rows(what: str, journals: Path, database: int, mlflow: int | None, floors: Mapping[str, int]) -> list[Row]:
    """What holds all of it, ours beside the others; and ours in its parts, of which the database is derived."""
    lines = on_disk(journals)
    return [
        Row(
            f"{what}, journals and database",
            "MB",
            _megabytes(OURS, lines + database),
            peers=() if mlflow is None else (_megabytes("mlflow", mlflow),),
            floors=tuple(_megabytes(name, size) for name, size in floors.items()),
        ),
        size_row(f"{what}, journals", lines),
        size_row(f"{what}, database", database),
    ]


def size_row(what: str, size: int) -> Row:
    """One size of ours."""
    return Row(what, "MB", _megabytes(OURS, size))


def _megabytes(name: str, size: int) -> Measure:
    return Measure(name, size / MB)
