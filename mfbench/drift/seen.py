"""One window of data as it was read: counted as a whole, with a sample of its rows."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from mfbench.drift.counts import Counts

# Columns of a sample beside the model's inputs; the same in the reference's sample. The model's answers stand under
# their names in the signature between two underscores each: __prediction__, __probability__, __low__ …
LABEL = "__label__"  # as it stands in the data, null where it is not known
UNIT = "__unit__"  # Int64 code of what is independent of its like
TIME = "__time__"  # Datetime(us, UTC)
KEY = "__key__"  # text


@dataclass
class Seen:
    """begins, ends: microseconds since 1970, UTC, where there is a time: of a window in time its bounds, else of its
    rows the first and the last. sample: all rows, or so many at random (in their order), in the reference's layout.
    made: whether the answers in the sample were made by the model now, not found in the data. notes: for people."""

    name: str
    counts: Counts
    sample: pl.DataFrame
    begins: int | None = None
    ends: int | None = None
    made: bool = False
    notes: list[str] = field(default_factory=list)
