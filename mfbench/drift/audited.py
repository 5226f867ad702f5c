"""What an audit of the alarms found: plain values, the same for JSON, the page and the terminal."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from mfbench.core.structs import make_ready
from mfbench.drift.settings import Settings

FORMAT = 1
CONFIDENCE = 0.95
Number = float | None
Calm = Literal["consistent", "too many", "fewer", "cannot tell"]
Drawn = Literal["rows", "units", "blocks"]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """Base: unknown keys are left out, so that a later audit can be read."""


class Share(Entry, frozen=True, kw_only=True):
    """hits of looks; low, high: Clopper and Pearson's 95 % interval, as if only `independent` of the looks counted
    (blocks that overlap say the same thing twice)."""

    hits: int
    looks: int
    independent: int
    value: Number
    low: float
    high: float


class Replay(Entry, frozen=True, kw_only=True):
    """Windows in which nothing changed. drawn: 'rows' at random, whole 'units' at random, or 'blocks' of rows that
    follow each other in time. unit: what was taken for independent of its like. size: rows of a window (of units: at
    least). verdict: of `significant` against `declared`; alarming: of `alarms`. column: the one that was significant
    most often, in `by` of the looks; refused: looks in which nothing could be judged (too few units)."""

    drawn: Drawn
    unit: str
    size: int
    declared: float
    significant: Share
    alarms: Share
    verdict: Calm
    alarming: Calm
    column: str | None = None
    by: int = 0
    refused: int = 0


class Stream(Entry, frozen=True, kw_only=True):
    """The detector of windows that keep coming, on streams in which nothing changed, each with a reference of its own
    of `reference` rows. run_length: windows to a false alarm (None: there was none); low, high: 95 % bounds, each
    one-sided (high None: no alarm)."""

    size: int
    reference: int
    declared: float
    streams: int
    looks: int
    alarms: int
    run_length: Number
    low: float
    high: Number
    verdict: Calm


class Found(Entry, frozen=True, kw_only=True):
    """How often a shift that was put in is seen in one window. shift: see shifts.KINDS; effect: share of the rows that
    moved; significant, alarms: shares of the windows."""

    shift: str
    effect: float
    size: int
    significant: Share
    alarms: Share


class Delay(Entry, frozen=True, kw_only=True):
    """Windows until the detector sees a shift that stays. windows: the median (None: half of the streams did not see
    it within `most`); found: streams that did."""

    shift: str
    effect: float
    size: int
    windows: Number
    most: int
    streams: int
    found: int


class Audit(Entry, frozen=True, kw_only=True):
    """reference: rows, sample, unit, units, columns, tests, needed (rows of a window). size: rows of the window that
    is judged; recommended: rows of a window whose blocks do not alarm too often, where that is another. tried: blocks
    under coarser units, where those of the declared one alarm too often. trusted: nothing alarms more often than
    declared. conclusion: what it comes to, a sentence each."""

    format: int = FORMAT
    model: str | None = None
    version: int | None = None
    settings: Settings
    seed: int
    reference: dict[str, Any]
    size: int
    sizes: list[int]
    replays: list[Replay]
    tried: list[Replay] = []
    stream: Stream | None = None
    found: list[Found] = []
    delays: list[Delay] = []
    recommended: int | None = None
    trusted: bool = True
    conclusion: list[str] = []
    notes: list[str] = []


def share(hits: int, looks: int, independent: int | None = None) -> Share:
    """Clopper and Pearson (1934); of looks that overlap the hits count as many times less."""
    from scipy.special import betaincinv

    n = looks if independent is None else min(independent, looks)
    k = hits / looks * n if looks else 0.0
    tail = (1 - CONFIDENCE) / 2
    low = float(betaincinv(k, n - k + 1, tail)) if k > 0 else 0.0
    high = float(betaincinv(k + 1, n - k, 1 - tail)) if k < n else 1.0
    return Share(hits=hits, looks=looks, independent=n, value=hits / looks if looks else None, low=low, high=high)


def calm(found: Share, declared: float) -> Calm:
    """Whether so many finds where nothing was agree with the share that was declared."""
    if not found.independent or (found.hits == 0 and found.high > 0.5):
        return "cannot tell"
    if found.low > declared:
        return "too many"
    return "fewer" if found.high < declared else "consistent"


def run_length(alarms: int, looks: int, declared: float) -> tuple[Number, float, Number, Calm]:
    """(mean windows to an alarm, lower bound, upper bound, verdict): alarms are rare and counted as Poisson's (the
    bounds after Garwood 1936)."""
    from scipy.special import gammaincinv

    low = looks / float(gammaincinv(alarms + 1, CONFIDENCE))
    high = looks / float(gammaincinv(alarms, 1 - CONFIDENCE)) if alarms else None
    if high is not None and high < declared:
        verdict: Calm = "too many"
    elif low >= declared:
        verdict = "fewer"
    else:
        verdict = "consistent" if looks >= declared else "cannot tell"
    return looks / alarms if alarms else None, low, high, verdict


make_ready(Audit)
