"""JSON files: the first place whose values differ."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from mfbench.compare.difference import Difference, apart, is_alike, shown
from mfbench.core import jsonio

ABSENT = "not there"


def compare_trees(file: str, before: Path, after: Path, left_out: Sequence[str] = ()) -> Difference | None:
    """The first value that differs by its path; None where all are equal but for paths that `left_out` match whole."""
    old, new = (jsonio.loads(path.read_bytes()) for path in (before, after))
    skipped = re.compile("|".join(f"(?:{pattern})" for pattern in left_out)) if left_out else None
    return told(file, "value", (d for d in differences(old, new) if not (skipped and skipped.fullmatch(d[0]))))


def told(file: str, kind: str, found: Iterator[tuple[str, Any, Any]]) -> Difference | None:
    """The first of these (place, before, after) with their number and the largest difference of all."""
    first: tuple[str, Any, Any] | None = None
    count, gaps = 0, []
    for each in found:
        first = first or each
        count += 1
        gap = apart(each[1], each[2])
        gaps += [gap] if gap else []
    if first is None:
        return None
    shares = [share for _, share in gaps if share != float("inf")]
    return Difference(
        file=file, kind=kind, where=first[0], before=shown(first[1]), after=shown(first[2]),
        largest=max((gap for gap, _ in gaps), default=None), relative=max(shares, default=None), others=count - 1,
    )  # fmt: skip


def differences(before: Any, after: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """(path, before, after) of every value that differs, in order; of lists of other lengths first these."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in dict.fromkeys([*before, *after]):
            place = f"{path}.{key}" if path else str(key)
            if key not in before or key not in after:
                yield place, _brief(before.get(key, ABSENT)), _brief(after.get(key, ABSENT))
            else:
                yield from differences(before[key], after[key], place)
    elif isinstance(before, list) and isinstance(after, list):
        if len(before) != len(after):
            yield path, f"{len(before):,} items", f"{len(after):,} items"
        for i, (one, two) in enumerate(zip(before, after, strict=False)):
            yield from differences(one, two, f"{path}[{i}]")
    elif not is_alike(before, after):
        yield path, _brief(before), _brief(after)


def _brief(value: Any) -> Any:
    return shown(value) if isinstance(value, dict | list) else value
