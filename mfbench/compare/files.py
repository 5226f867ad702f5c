"""Any file: the comparison that its kind allows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mfbench.compare.difference import Difference, shown

TEXTS = (".md", ".txt", ".csv", ".tsv", ".log", ".toml", ".py", ".jsonl", ".html", ".yaml", ".yml")
MOST = 2 << 30  # bytes of a file that is read whole


def compare_files(file: str, before: Path, after: Path, left_out: Sequence[str] = ()) -> Difference | None:
    """How `after` is not what `before` was, whose bytes differ; `file` is the name that tells their kind.

    left_out: patterns of paths in a JSON file that need not be equal. None where nothing but those differ. A file whose
    values are all equal and whose bytes are not differs by its form. One that cannot be read, or is too
    large, differs by its bytes.
    """
    try:
        found = _by_kind(file, before, after, left_out)
    except Exception:  # a file that is not what its name says, or one that its library chokes on
        return _bytes(file, before, after)
    if found is None and not left_out:
        return Difference(file=file, kind="form", where="every value is equal, the file's bytes are not")
    return found


def _by_kind(file: str, before: Path, after: Path, left_out: Sequence[str]) -> Difference | None:
    kind = Path(file).suffix.lower()
    if kind != ".parquet" and max(path.stat().st_size for path in (before, after)) > MOST:
        return _bytes(file, before, after)
    if kind == ".parquet":
        from polars.exceptions import PanicException

        from mfbench.compare.tables import compare_tables

        try:
            return compare_tables(file, before, after)
        except PanicException as error:  # it is no Exception, and would end who compares
            raise ValueError("Polars cannot read it") from error
    if kind == ".json":
        from mfbench.compare.trees import compare_trees

        return compare_trees(file, before, after, left_out)
    if kind in (".skops", ".npz"):
        from mfbench.compare.archives import compare_archives

        return compare_archives(file, before, after)
    if kind == ".npy":
        from mfbench.compare.arrays import compare_arrays, read_array

        arrays = (read_array(path.read_bytes()) for path in (before, after))
        return compare_arrays(file, Path(file).stem, *arrays)
    return _texts(file, before, after) if kind in TEXTS else _bytes(file, before, after)


def _texts(file: str, before: Path, after: Path) -> Difference:
    left, right = (path.read_bytes().decode("utf-8").split("\n") for path in (before, after))
    at = next((i for i, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right)))
    old, new = (shown(lines[at]) if at < len(lines) else "the end" for lines in (left, right))
    return Difference(file=file, kind="text", where=f"line {at + 1:,}", before=old, after=new)


def _bytes(file: str, before: Path, after: Path) -> Difference:
    """The first byte that differs, counted from 0, and the sizes."""
    sizes = [path.stat().st_size for path in (before, after)]
    at = 0
    with before.open("rb") as old, after.open("rb") as new:
        while (left := old.read(1 << 20)) == (right := new.read(1 << 20)) and left:
            at += len(left)
    at += next((i for i, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right)))
    told = [f"{size:,} bytes" for size in sizes]
    return Difference(file=file, kind="bytes", where=f"byte {at:,}", before=told[0], after=told[1])
