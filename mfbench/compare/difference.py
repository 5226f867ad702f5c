"""What is said of a difference, and how values are shown and compared."""

from __future__ import annotations

import math
from typing import Any

import msgspec

LONGEST = 120  # signs of a value that is shown


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """How one file is not what it was.

    kind: missing or added (the file itself), rows, column, value, parameter, tensor, text, bytes; or form: every value
    is equal, and the bytes are not. where: the place in the file, as a person says it. before, after: what stands
    there. count of total: how many rows, values or elements differ. largest: the largest absolute difference among
    numbers, relative: the largest |after - before| / |before|. others: how many more columns, parameters or tensors.
    """

    file: str
    kind: str
    where: str = ""
    before: str | None = None
    after: str | None = None
    count: int | None = None
    total: int | None = None
    largest: float | None = None
    relative: float | None = None
    others: int = 0

    def sentence(self) -> str:
        """For people: "coef_[0, 3]: 0.5 → 0.25 (1 of 4, by at most 0.25, relative 0.5); and 2 more"."""
        told = f"{self.where}: " if self.where else ""
        if self.before is not None or self.after is not None:
            told += f"{self.before} → {self.after}"
        facts = [] if self.count is None else [f"{self.count:,}" + (f" of {self.total:,}" if self.total else "")]
        facts += [] if self.largest is None else [f"by at most {self.largest:.3g}"]
        facts += [] if self.relative is None else [f"relative {self.relative:.2g}"]
        told += f" ({', '.join(facts)})" if facts else ""
        return told.removesuffix(": ") + (f"; and {self.others:,} more" if self.others else "")


def shown(value: Any) -> str:
    """A value as text: floats with all their digits, signs that do not show escaped, long ones cut."""
    text = value if isinstance(value, str) and value.isprintable() and value == value.strip() else repr(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 2]} …"


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_alike(before: Any, after: Any) -> bool:
    """Whether two plain values are equal: NaN is NaN; True is not 1, 1 is not 1.0, 0.0 is not -0.0."""
    if isinstance(before, float) and isinstance(after, float):
        return repr(before) == repr(after)
    return type(before) is type(after) and bool(before == after)


def apart(before: Any, after: Any) -> tuple[float, float] | None:
    """(absolute difference, relative to `before`) of two finite numbers, else None."""
    if not (is_number(before) and is_number(after)):
        return None
    try:
        gap, size = abs(after - before), abs(before)
        found = float(gap), float(gap / size) if size else math.inf
    except OverflowError:  # whole numbers beyond what a float can hold
        return None
    return found if math.isfinite(found[0]) else None
