"""The windows of a drift report on a terminal, one a line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from mfbench.cli.layout import fit, length

if TYPE_CHECKING:
    from mfbench.drift.findings import Report, Window

NARROW = 72  # terminals that get less than this leave something out
WINDOWS = 40  # lines, unless all are asked for
_EDGE = 4  # windows at either end of a long series that are shown in any case
_BAR = 8


def name_of(text: str) -> str:
    """A window's name, safe on a terminal."""
    from mfbench.report import words

    return words.name(text, 60)


def series(report: Report, width: int, everything: bool) -> Iterator[str]:
    """A line for each window; of a long series all alarms, the largest changes and both ends."""
    from mfbench.report import words
    from mfbench.report.drift import wording

    windows = report.windows
    kept = set(range(len(windows))) if everything or len(windows) <= WINDOWS else _kept(windows)
    name = min(max(length(name_of(windows[i].name)) for i in kept), max(16, width * 3 // 10))
    # Where there is no room the metric stands without its verdict, and then not at all: --json has both.
    quality = 0 if width < NARROW else 6 if width - name < 63 else 16
    free = width - name - 40 - quality
    head = f"  {'verdict':<9} {fit('window', name)} {'rows':>9} {'effect':>6} detector"
    yield f"{head} {fit('column', free)} {fit('metric', quality)}"
    gap: list[Window] = []
    for i, window in enumerate(windows):
        if i not in kept:
            gap.append(window)
            continue
        yield from _gap(gap)
        gap = []
        look = window.look
        bar = _bar(look.statistic / look.threshold if look and look.threshold > 0 else 0.0) if look else ""
        fired = "fired" if look and look.fired else bar
        column = wording.column(window.column) if words.known(window.effect) and window.verdict != "quiet" else ""
        numbers = f"{window.rows:>9,} {words.share(window.effect):>6} {fired:<{_BAR}}"
        begin = f"{wording.GLYPHS[window.verdict]} {window.verdict:<9} {fit(name_of(window.name), name)}"
        yield f"{begin} {numbers} {fit(column, free)} {fit(_quality(window, whole=quality > 6), quality)}"
    yield from _gap(gap)


def _kept(windows: Sequence[Window]) -> set[int]:
    kept = {i for i, window in enumerate(windows) if window.verdict == "alarm"}
    kept |= {*range(_EDGE), *range(len(windows) - _EDGE, len(windows))}
    changed = [i for i, window in enumerate(windows) if window.verdict == "changed" and i not in kept]
    changed.sort(key=lambda i: -(windows[i].effect or 0.0))
    return kept | set(changed[: max(WINDOWS - len(kept), 0)])


def _gap(windows: Sequence[Window]) -> Iterator[str]:
    """What was left out, in a line."""
    from mfbench.report import words

    if not windows:
        return
    counts = [
        (verdict, sum(1 for w in windows if w.verdict == verdict)) for verdict in ("changed", "quiet", "too small")
    ]
    told = ", ".join(f"{count:,} {verdict}" for verdict, count in counts if count)
    most = max((w.effect for w in windows if words.known(w.effect)), default=None)
    yield f"  … {told}" + (f", at most {words.share(most)}" if most is not None else "")


def _bar(share: float) -> str:
    """The detector's statistic over its threshold, in eighths of a sign."""
    eighths = round(min(max(share, 0.0), 1.0) * _BAR * 8)
    return "█" * (eighths // 8) + (" ▏▎▍▌▋▊▉"[eighths % 8] if eighths % 8 else "")


def _quality(window: Window, *, whole: bool) -> str:
    from mfbench.report import words
    from mfbench.report.drift.mattering import VERDICTS, watched

    metric = watched(window.quality) if window.quality is not None else None
    if metric is None:
        return ""
    told = "estimate" if metric.kind == "estimated" else VERDICTS.get(metric.verdict, metric.verdict)
    return f"{words.number(metric.value, 3)} {told}" if whole else words.number(metric.value, 3)
