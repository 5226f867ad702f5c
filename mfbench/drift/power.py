"""What a window of so many rows can show: the smallest effect that is found with 80 % power at a level.

All effects are shares of rows (see findings.Test); n, m are the effective rows of both sides.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

POWER = 0.8
LEAST_NEEDED = 100


def needed_rows(rows: int, min_effect: float, level: float) -> int | None:
    """Rows of a window in which a shift of `min_effect` of a column's rows is found, beside a reference of `rows`.

    None where no window is large enough, because the reference itself is too small; see `least_reference`.
    """
    left = 1 / least_reference(min_effect, level) - 1 / max(rows, 1)
    return max(LEAST_NEEDED, int(np.ceil(1 / left))) if left > 0 else None


def least_reference(min_effect: float, level: float) -> float:
    """Rows that a reference needs at least, and more than that for windows of a finite size."""
    return _reach(level) ** 2 * 0.25 / min_effect**2


def visible_ks(n: float, m: float, level: float) -> float:
    """Of KS, of a column that moved: as large as what is critical, for the highest of many distances lies above the
    true one by about as much as 80 % power asks for (measured: 77 to 81 %)."""
    from scipy.special import kolmogi

    return _share(kolmogi(level) * np.sqrt(1 / n + 1 / m))


def visible_variation(n: float, m: float, df: int, level: float) -> float:
    """Of chi-square over bars: rows that move evenly from one half of the bars to the other."""
    return _share(np.sqrt(_noncentrality(df, level) * (1 / n + 1 / m) / 4))


def visible_share(share: float, n: float, m: float, level: float) -> float:
    """Of chi-square for one share, such as that of nulls: `share` of n rows before, more of m rows now."""
    needed = _noncentrality(1, level) * (1 / n + 1 / m)
    now = needed * m / (n + m)  # the variance grows with what is to be found
    return _share((now + np.sqrt(now**2 + 4 * needed * share * (1 - share))) / 2)


@lru_cache(maxsize=4096)
def _noncentrality(df: int, level: float) -> float:
    """Of a chi-square that passes its critical value at `level` with 80 % power."""
    from scipy.special import chdtri, chndtrinc

    return float(chndtrinc(chdtri(df, level), df, 1 - POWER))


def _reach(level: float) -> float:
    from scipy.special import ndtri

    return float(ndtri(1 - level / 2) + ndtri(POWER))


def _share(value: float) -> float:
    return float(min(value, 1.0))
