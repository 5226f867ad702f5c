"""What has happened to a column in a few words: 'mean 38.2 → 40.1', 'EWR: 30 % → 45 %', 'missing 1 % → 40 %'."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mfbench.report import words

if TYPE_CHECKING:
    from mfbench.drift.findings import Difference, Test

Pair = tuple[str, str, str]  # what, reference, window
_MOVED = 0.05  # of a standard deviation: a mean that moved less is not what has changed


def short(test: Test, found: Difference | None) -> str:
    """test: what was asked; found: the column's figures, where they are kept."""
    if test.why and not words.known(test.p):
        return words.prose(f"not judged: {test.why}", 120)
    if test.about == "together":
        return f"AUC {words.number(test.statistic, 3)}"
    if found is None:
        return ""
    what, before, after = _pair(test, found)
    if not what:
        return ""
    return f"{what} {before} → {after}" if before else f"{what} {after}"


def shares(found: Difference) -> tuple[list[float], list[float]]:
    """(of the reference, of the window): the share of each bar in the rows that have a value. Empty without bars."""
    sides = [[bar[i] for bar in found.bars if len(bar) == 2] for i in (0, 1)]
    reference, window = ([count / max(sum(side), 1) for count in side] for side in sides)
    return reference, window


def _pair(test: Test, found: Difference) -> Pair:
    if test.about == "missing":
        before, after = [*found.nulls, None, None][:2]
        return "missing", words.share(before), words.share(after)
    if test.about == "type":
        return "of another type", "", words.share(found.odd)
    return _numeric(found) if found.kind == "numeric" and not _few(found) else _values(found)


def _few(found: Difference) -> bool:
    """Numbers that are no more than names: 0 and 1."""
    return len(found.labels) == 2


def _numeric(found: Difference) -> Pair:
    means, spreads = ([*(pair or []), None, None][:2] for pair in (found.mean, found.sd))
    sd = spreads[0]
    if all(map(words.known, [*means, *spreads])) and sd and abs(means[1] - means[0]) < _MOVED * sd:  # type: ignore[operator]
        return "sd", words.number(spreads[0], 3), words.number(spreads[1], 3)
    if not words.known(means[1]):
        return _values(found)
    return "mean", words.number(means[0], 3), words.number(means[1], 3)


def _values(found: Difference) -> Pair:
    reference, window = shares(found)
    if not found.labels or not reference:
        return "", "", ""
    most = max(zip(found.labels, reference, window, strict=False), key=lambda item: abs(item[2] - item[1]))
    new = max(found.new, key=lambda item: item[1], default=None)
    if new is not None and found.rows and new[1] / found.rows > abs(most[2] - most[1]):
        return f"new: {words.name(new[0], 20)}", "", words.share(new[1] / found.rows)
    return f"{words.name(most[0], 20)}:", words.share(most[1]), words.share(most[2])
