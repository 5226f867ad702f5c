"""The detectors of labelled streams: they see a rise and seldom anything else."""

from __future__ import annotations

import numpy as np

from mfbench.drift.concept import LOT, changes, lots


def _stream(n: int, seed: int, mean: float = 0.5) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return lots(np.random.default_rng(seed).exponential(mean, n * LOT))


def test_lots_are_means_of_whole_lots() -> None:
    assert lots(np.arange(LOT * 2 + 7.0)).tolist() == [(LOT - 1) / 2, LOT + (LOT - 1) / 2]
    assert len(lots(np.zeros(LOT - 1))) == 0


def test_unchanged_streams_are_left_alone() -> None:
    alarms = 0
    for seed in range(40):
        found = changes(_stream(200, seed), _stream(50, 500 + seed).tolist(), _stream(50, 1000 + seed), None)
        alarms += any(each["changed"] for each in found)
    assert alarms <= 2


def test_a_rise_is_seen_after_it_began() -> None:
    moments = np.arange(60 * LOT, dtype=np.int64) * 10
    new = np.concatenate([_stream(20, 1), _stream(40, 2, 0.8)])
    found = changes(_stream(200, 3), [], new, moments)
    assert [each["detector"] for each in found] == ["ADWIN", "Page-Hinkley"]
    for each in found:
        assert each["changed"]
        assert 20 * LOT <= each["at"] < 50 * LOT
        assert each["time"] == each["at"] * 10
        assert each["before"] < each["after"] < 0.9
        assert each["false_alarms"] <= 0.05


def test_what_rose_in_an_earlier_window_is_not_told_again() -> None:
    earlier = np.concatenate([_stream(50, 4), _stream(300, 5, 1.0)]).tolist()
    found = changes(_stream(200, 6), earlier, _stream(5, 7, 1.0), None)
    assert not found[0]["changed"]  # ADWIN has forgotten what was before


def test_too_little_to_begin_with() -> None:
    assert changes(_stream(5, 0), [], _stream(20, 1), None) == []
    assert changes(np.zeros(50), [], _stream(20, 1), None) == []
    assert changes(_stream(50, 0), [], np.zeros(0), None) == []
