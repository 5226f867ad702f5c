"""Arrays: shape, type, then the first element that differs and the largest difference of all."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mfbench.compare.difference import Difference, shown


def read_array(content: bytes) -> NDArray[Any]:
    """Raises ValueError for what holds Python objects, or is no .npy file."""
    found: NDArray[Any] = np.lib.format.read_array(BytesIO(content), allow_pickle=False)
    return found


def compare_arrays(file: str, where: str, before: NDArray[Any], after: NDArray[Any]) -> Difference | None:
    """None where every element is equal; NaN equals NaN, 0.0 not -0.0. `where` is the array's name."""
    for what, old, new in (("shape", before.shape, after.shape), ("type", before.dtype, after.dtype)):
        if old != new:
            told = f"{where} ({what})"
            return Difference(file=file, kind="tensor", where=told, before=shown(str(old)), after=shown(str(new)))
    if before.dtype.names:
        return _fields(file, where, before, after)
    odd = np.asarray(before != after)
    if before.dtype.kind == "f":
        odd |= (before == 0) & (np.signbit(before) != np.signbit(after))
    if before.dtype.kind in "fcmM":
        odd &= ~(np.isnan(before) & np.isnan(after))
    count = int(odd.sum())
    if not count:
        return None
    at = tuple(int(part) for part in np.argwhere(odd)[0]) if odd.ndim else ()
    place = f"{where}[{', '.join(map(str, at))}]" if at else where
    largest, relative = _gaps(before[odd], after[odd])
    return Difference(
        file=file, kind="tensor", where=place, before=shown(_plain(before[at])), after=shown(_plain(after[at])),
        count=count, total=odd.size, largest=largest, relative=relative,
    )  # fmt: skip


def _fields(file: str, where: str, before: NDArray[Any], after: NDArray[Any]) -> Difference | None:
    """A table as an array, such as a tree's nodes: its first field that differs."""
    found = [
        each
        for name in before.dtype.names or ()
        if (each := compare_arrays(file, f"{where}[{name!r}]", before[name], after[name]))
    ]
    return found[0] if found else None


def _gaps(before: NDArray[Any], after: NDArray[Any]) -> tuple[float | None, float | None]:
    """(largest absolute, largest relative difference) of the pairs that are finite numbers."""
    if before.dtype.kind not in "iuf":
        return None, None
    with np.errstate(all="ignore"):
        if before.dtype.kind in "iu":  # 64 bits of a whole number are more than a float holds
            whole = np.where(after > before, after - before, before - after)
            gap = whole.view(f"u{before.itemsize}").astype(np.float64)
        else:
            gap = np.abs(after.astype(np.float64) - before.astype(np.float64))
        share = gap / np.abs(before.astype(np.float64))
    gap, share = gap[np.isfinite(gap)], share[np.isfinite(share)]
    return (float(gap.max()) if gap.size else None), (float(share.max()) if share.size else None)


def _plain(value: Any) -> Any:
    if isinstance(value, np.datetime64 | np.timedelta64):
        return str(value)
    return value.item() if isinstance(value, np.generic) else value
