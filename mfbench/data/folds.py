"""The training rows in folds, for the search and for what is chosen out of fold: divided as the test was.

A fold that looks into the future, or that has rows of one group on both sides, would choose settings that only look
good. So the folds follow the split: forward in time, whole groups, else at random.
"""

from __future__ import annotations

import warnings
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from mfbench.core.errors import FitError
from mfbench.core.text import parse_duration, plural
from mfbench.data.target import TARGET
from mfbench.data.units import ORIGIN, known_values
from mfbench.recipe.schema import Split

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

KEY = ("data", "split", "folds")
MANY_GROUPS = 5000  # so many are balanced by chance; scikit-learn's stratified search of a fold for each is slow

Fold = tuple["NDArray[np.int64]", "NDArray[np.int64]"]


def fold_rows(frame: pl.DataFrame, split: Split, task: str, seed: int) -> list[Fold]:
    """`split.folds` pairs (rows to fit on, rows to validate on), as sorted row numbers of `frame`, the training rows.

    With `by`: an expanding window; the rows in order of time are cut into folds + 1 blocks of about equal size, each
    block but the first is validated by what lies before it, less the gap. With `group`: whole groups. Else at random,
    stratified by class; a class of one row is only ever fitted on.
    Raises FitError where there are too few rows, moments or groups, or where a fold lacks a class.
    """
    if frame.height < 2 * split.folds:
        raise _too_few(f"{plural(frame.height, 'training row')} for {split.folds} folds")
    if split.by is not None:
        folds = _forward(frame, split)
    elif split.group is not None:
        folds = _grouped(frame, split, task, seed)
    else:
        folds = _random(frame, split, task, seed)
    if task == "classification":
        for number, (fit, valid) in enumerate(folds, 1):
            _check_classes(frame, fit, valid, f"fold {number} of {split.folds}")
    return folds


def _random(frame: pl.DataFrame, split: Split, task: str, seed: int) -> list[Fold]:
    import numpy as np
    from sklearn.model_selection import KFold, StratifiedKFold

    stratified = task == "classification" and split.stratify is not False
    rows = np.arange(frame.height)
    if not stratified:
        return list(KFold(split.folds, shuffle=True, random_state=seed).split(rows))
    target = frame[TARGET].to_numpy()
    _, code, count = np.unique(target, return_inverse=True, return_counts=True)
    common, lonely = rows[count[code] > 1], rows[count[code] == 1]
    if not (count >= split.folds).any():
        raise _too_few(f"the commonest class has {plural(int(count.max()), 'training row')} for {split.folds} folds")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a class rarer than the folds: in some folds it is not validated
        found = list(StratifiedKFold(split.folds, shuffle=True, random_state=seed).split(common, target[common]))
    return [(np.sort(np.concatenate([common[fit], lonely])), common[valid]) for fit, valid in found]


def _grouped(frame: pl.DataFrame, split: Split, task: str, seed: int) -> list[Fold]:
    import numpy as np
    from sklearn.model_selection import GroupKFold, StratifiedGroupKFold

    groups = group_codes(frame, split)
    count = int(groups.max()) + 1
    if count < split.folds:
        raise _too_few(f"{plural(count, 'group')} of {split.group!r} for {split.folds} folds")
    stratified = task == "classification" and split.stratify is not False and count <= MANY_GROUPS
    kind = StratifiedGroupKFold if stratified else GroupKFold
    target = frame[TARGET].to_numpy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        folds = list(kind(split.folds, shuffle=True, random_state=seed).split(np.zeros(len(target)), target, groups))
    if any(len(valid) == 0 for _, valid in folds):
        raise _too_few(f"the {plural(count, 'group')} of {split.group!r} leave a fold without rows")
    return folds


def _forward(frame: pl.DataFrame, split: Split) -> list[Fold]:
    import numpy as np

    times, origins = moments(frame, split.by or ""), moments(frame, ORIGIN if ORIGIN in frame.columns else split.by)
    borders = _borders(times, split)
    gap = np.timedelta64(timedelta(seconds=parse_duration(split.gap)) if split.gap else timedelta(0), "us")
    groups = group_codes(frame, split) if split.group else None
    forecasting = ORIGIN in frame.columns
    folds = []
    for number, start in enumerate(borders):
        end = borders[number + 1] if number + 1 < len(borders) else None
        valid = (origins >= start) if end is None else (origins >= start) & (origins < end)
        # A forecast's origin is the last moment known to it, so what happens at it may be learned from.
        fit = times <= start - gap if forecasting else times < start - gap
        if groups is not None:
            fit &= ~np.isin(groups, groups[valid])
        for rows, purpose in ((fit, "to fit on"), (valid, "to validate on")):
            if not rows.any():
                raise _too_few(f"fold {number + 1} of {split.folds} has no rows {purpose}", gap=split.gap)
        folds.append((np.flatnonzero(fit), np.flatnonzero(valid)))
    return folds


def _borders(times: Any, split: Split) -> list[Any]:
    """The first moment of each validated block: blocks of about equal rows, no moment cut in two."""
    import numpy as np

    different, count = np.unique(times, return_counts=True)
    if len(different) <= split.folds:
        told = f"{plural(len(different), 'moment')} of {split.by!r} in the training rows for {split.folds} folds"
        raise _too_few(f"{told} and a block before the first")
    before = np.cumsum(count) - count
    found: list[int] = []
    for number in range(1, split.folds + 1):
        wanted = int(np.searchsorted(before, number * len(times) / (split.folds + 1)))
        lowest = found[-1] + 1 if found else 1
        found.append(min(max(wanted, lowest), len(different) - split.folds + number - 1))
    return [different[index] for index in found]


def moments(frame: pl.DataFrame, name: str | None) -> Any:
    """(n,) datetime64[us] of a date or time column."""
    return frame[str(name)].cast(pl.Datetime("us")).to_numpy()


def group_codes(frame: pl.DataFrame, split: Split) -> Any:
    """(n,) int codes 0..k-1 of the groups, in the order of their values. Raises FitError for an unknown group."""
    values = known_values(frame, str(split.group), ("data", "split", "group"))
    return values.cast(pl.String).rank("dense").to_numpy().astype("int64") - 1


def _check_classes(frame: pl.DataFrame, fit: Any, valid: Any, which: str) -> None:
    classes = frame[TARGET].n_unique()
    fitted, validated = frame[TARGET].gather(fit).n_unique(), frame[TARGET].gather(valid).n_unique()
    hint = "set fewer folds, or merge or drop the rare classes"
    if fitted < classes:
        told = f"{which} has {plural(len(fit), 'row')} to fit on and only {fitted} of the {classes} classes"
        raise FitError(KEY, told, hint)
    if validated < 2:
        raise FitError(KEY, f"{which} has only one class in its {plural(len(valid), 'row')} to validate on", hint)


def _too_few(told: str, gap: str | None = None) -> FitError:
    return FitError(KEY, f"too few to fold: {told}", "set fewer folds" + (" or a shorter gap" if gap else ""))
