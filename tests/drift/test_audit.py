"""The audit finds what was planted: calm data, rows that resemble each other, shifts of a known size."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import polars as pl
import pytest

from mfbench.core.errors import UsageError
from mfbench.drift import findings, sizing
from mfbench.drift.audit import audit
from mfbench.drift.audited import Audit, Replay, calm, run_length, share
from mfbench.drift.building import build_profile
from mfbench.drift.coding import coded_sample, grouped
from mfbench.drift.comparing import compare
from mfbench.drift.conclusion import conclude, per_cent
from mfbench.drift.counting import count
from mfbench.drift.judging import judge
from mfbench.drift.reference import Reference
from mfbench.drift.settings import Settings
from mfbench.drift.unchanged import replay, stream
from mfbench.report.drift.audit import render_html
from tests.support import Project

DAY = 25  # rows


def quiet(what: str, done: int, total: int) -> None:
    """Nobody looks."""


def rows(n: int, seed: int = 0, *, alike: float = 0.0) -> pl.DataFrame:
    """alike: the share of the variance of x and y that the rows of one day have in common."""
    rng = np.random.default_rng(seed)
    day = np.arange(n) // DAY
    common = rng.normal(size=(2, n // DAY + 1))[:, day] * alike**0.5
    x, y = common + rng.normal(size=(2, n)) * (1 - alike) ** 0.5
    score = 1 / (1 + np.exp(-x))
    begin = datetime(2024, 1, 1, tzinfo=UTC)
    return pl.DataFrame({
        "x": x, "y": np.exp(y), "z": rng.normal(size=n), "few": rng.integers(0, 4, n),
        "place": rng.choice(["EWR", "JFK", "LGA"], n, p=[0.5, 0.3, 0.2]),
        "gap": np.where(rng.random(n) < 0.1, np.nan, rng.normal(size=n)), "score": score,
        "bought": rng.random(n) < score, "when": [begin + timedelta(days=int(d)) for d in day],
    })  # fmt: skip


def reference(frame: pl.DataFrame, unit: str | None = None, *, time: bool = True) -> Reference:
    return Reference.of(
        frame, inputs=["x", "y", "z", "few", "place", "gap"], task="classification", answers={"probability": "score"},
        label="bought", classes=(False, True), unit=unit, time="when" if time else None,
    )  # fmt: skip


@cache
def calm_audit() -> Audit:
    return audit(reference(rows(6000)), Settings(), windows=150, seed=1, tell=quiet)


def of(found: Audit, drawn: str) -> Replay:
    return next(each for each in found.replays if each.drawn == drawn and each.size == found.size)


def seen(found: Audit, shift: str, effect: float, size: int) -> float:
    return next(each.significant.value or 0.0 for each in found.found
                if (each.shift, each.effect, each.size) == (shift, effect, size))  # fmt: skip


def test_rows_that_are_all_alike_alarm_as_declared() -> None:
    found = calm_audit()
    assert of(found, "rows").verdict == "consistent"
    assert of(found, "rows").significant.looks == 150
    assert of(found, "blocks").alarming != "too many"
    assert of(found, "blocks").significant.independent == 6000 // found.size
    assert found.trusted
    assert found.recommended is None
    assert not found.tried
    assert found.stream is not None
    assert found.stream.verdict != "too many"
    assert "as declared" in found.conclusion[0]


def test_larger_shifts_and_larger_windows_are_seen_more_often() -> None:
    found = calm_audit()
    assert len(found.sizes) > 1
    for shift in ("larger", "replaced", "missing"):
        assert seen(found, shift, 0.4, found.sizes[0]) == 1.0
        assert seen(found, shift, 0.05, found.sizes[0]) <= seen(found, shift, 0.2, found.sizes[0])
    small, large = found.sizes[0], found.sizes[-1]
    assert seen(found, "larger", 0.05, large) > seen(found, "larger", 0.05, small)
    assert seen(found, "larger", 0.2, small) > 0.8
    assert {each.shift for each in found.found} == {"larger", "spread", "replaced", "missing", "prediction", "segment"}
    waits = [each.windows or np.inf for each in found.delays]
    assert waits == sorted(waits, reverse=True)
    assert waits[-1] == 1.0


def test_small_effects_are_significant_and_no_alarm() -> None:
    found = calm_audit()
    small = [each for each in found.found if each.effect == 0.05 and each.size == found.sizes[-1]]
    assert sum(each.significant.hits for each in small) > 10 * sum(each.alarms.hits for each in small)


def test_the_same_seed_gives_the_same_audit() -> None:
    sample, settings = reference(rows(3000)), Settings(level=0.05, min_effect=0.2)
    one, same, other = (audit(sample, settings, windows=20, sizes=[500], seed=seed, tell=quiet) for seed in (3, 3, 4))
    assert one == same
    assert one != other
    assert msgspec.json.decode(msgspec.json.encode(one), type=Audit) == one


def test_rows_that_follow_each_other_are_alike() -> None:
    frame = rows(8000, 2, alike=0.9)
    found = audit(reference(frame), Settings(window="600"), windows=60, sizes=[600], tell=quiet)
    assert of(found, "rows").verdict == "consistent"  # drawn at random they tell nothing of it
    assert of(found, "blocks").alarming == "too many"
    assert of(found, "blocks").column in ("x", "y", "probability")
    assert not found.trusted
    assert {each.unit for each in found.tried} == {"day", "week"}
    assert any("follow each other resemble each other" in line for line in found.conclusion)
    declared = audit(reference(frame, "day"), Settings(window="600"), windows=60, sizes=[600], tell=quiet)
    better, worse = of(declared, "blocks"), of(found, "blocks")
    assert better.refused == 0
    assert (better.alarms.value or 0.0) < (worse.alarms.value or 0.0) / 3
    assert better.alarms.value == next(e.alarms.value for e in found.tried if (e.unit, e.size) == ("day", 600))
    assert of(declared, "units").significant.looks == 60


def test_units_are_drawn_whole_and_blocks_follow_each_other() -> None:
    coded = coded_sample(reference(rows(2000), "day"))
    rng = np.random.default_rng(0)
    drawn, units = coded.drawn(330, rng)
    assert (len(drawn), units) == (350, 14)
    assert len(set(drawn // DAY)) == 14
    assert len(set(drawn)) == 350
    again, units = coded.drawn(100_000, rng, again=True)
    assert len(again) == 100_000
    assert units == 4000
    blocks = list(coded.blocks(500, 1000))
    assert len(blocks) == 16
    assert all((np.diff(block) == 1).all() for block in blocks)
    assert blocks[0][0] == 0
    assert blocks[-1][-1] == 1999


def test_window_and_rest_are_the_sample() -> None:
    sample = reference(rows(2000), "day")
    coded = coded_sample(sample)
    inside, rest = coded.split(coded.drawn(300, np.random.default_rng(1))[0])
    assert (inside + rest).rows == 2000
    for column, counts in zip(coded.profile.columns, (inside + rest).columns, strict=True):
        assert tuple(counts.cells) == column.counts
        assert counts.nulls == column.nulls
    assert inside.units is not None
    assert rest.units is not None
    assert inside.units + rest.units == coded.all_units


def test_cells_of_the_whole_sample_judge_as_those_of_the_rest_do() -> None:
    """Coding once is allowed: a profile built anew from the other rows finds the same."""
    sample, settings = reference(rows(3000), time=False), Settings(level=0.05)
    coded, rng = coded_sample(sample), np.random.default_rng(5)
    roles: Any = [(c.name, c.role) for c in sample.profile.columns]
    apart, same = [], 0
    for _ in range(40):
        window = rng.choice(3000, 600, replace=False)
        fast = judge(compare(coded.profile, *coded.split(window), level=0), settings)
        rest = sample.sample[np.setdiff1d(np.arange(3000), window)]
        built = build_profile(rest, roles, task="classification", classes=(False, True))
        slow = judge(compare(built, count(built.columns, sample.sample[window]), level=0), settings)
        assert [(t.column, t.about) for t in fast] == [(t.column, t.about) for t in slow]
        apart += [(a.p, b.p) for a, b in zip(fast, slow, strict=True)]
        same += _found(fast) == _found(slow)
    p, q = np.array(apart, dtype=float).T
    assert same >= 39
    assert np.corrcoef(p, q)[0, 1] > 0.85
    assert abs((p < 0.05).mean() - (q < 0.05).mean()) < 0.02


def _found(tests: Sequence[findings.Test]) -> set[str | None]:
    return {test.column for test in tests if test.adjusted is not None and test.adjusted <= 0.05}


def test_the_replay_counts_what_it_finds() -> None:
    coded = coded_sample(reference(rows(2000, alike=0.9)))
    found = replay(coded, Settings(), "blocks", 500, 1000, np.random.default_rng(0), quiet)
    assert found.significant.looks == 16
    assert found.significant.hits > 8
    assert found.significant.independent == 4
    assert found.verdict == "too many"
    assert found.by > 4


def test_a_detector_without_patience_alarms() -> None:
    """Declared one alarm in one look: any evidence is enough, and the streams show it."""
    coded = coded_sample(reference(rows(2000)))
    found = stream(coded, 1.0, 300, 2000, 200, np.random.default_rng(0), quiet)
    assert found.looks == 200
    assert found.streams == 100
    assert found.alarms > 0
    assert found.run_length == 200 / found.alarms
    assert found.low <= found.run_length <= (found.high or 0)


@pytest.mark.parametrize(("hits", "looks"), [(0, 50), (3, 50), (50, 50), (9, 1000)])
def test_intervals_are_clopper_and_pearsons(hits: int, looks: int) -> None:
    from scipy.stats import binomtest

    found, expected = share(hits, looks), binomtest(hits, looks).proportion_ci(0.95)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    fewer = share(hits, looks, looks // 2)
    assert fewer.high - fewer.low > found.high - found.low


def test_verdicts() -> None:
    assert calm(share(9, 1000), 0.01) == "consistent"
    assert calm(share(40, 1000), 0.01) == "too many"
    assert calm(share(0, 1000), 0.01) == "fewer"
    assert calm(share(0, 8, 2), 0.01) == "cannot tell"
    assert run_length(10, 1000, 100)[3] == "consistent"
    assert run_length(40, 1000, 100)[3] == "too many"
    mean, low, high, verdict = run_length(0, 1000, 100)
    assert (mean, high, verdict) == (None, None, "fewer")
    assert low == pytest.approx(1000 / -np.log(0.05))
    assert run_length(0, 1000, 5000)[3] == "cannot tell"
    assert (per_cent(0.0001), per_cent(0.01), per_cent(0.004), per_cent(0.35)) == ("<0.1 %", "1 %", "0.4 %", "35 %")


def test_what_is_too_small_is_refused_with_the_number() -> None:
    with pytest.raises(UsageError) as error:
        audit(reference(rows(300)), Settings(), tell=quiet)
    assert "300 rows" in str(error.value)
    needed = int("".join(filter(str.isdigit, (error.value.hint or "").split(" rows")[0])))
    assert 300 < needed < 3000
    audit(reference(rows(needed)), Settings(), windows=20, tell=quiet)


@pytest.mark.parametrize("size", [50, 2000])
def test_a_window_that_cannot_be_is_refused(size: int) -> None:
    with pytest.raises(UsageError, match="cannot be audited"):
        audit(reference(rows(3000)), Settings(), sizes=[size], tell=quiet)


def test_a_rate_in_time_needs_a_time() -> None:
    settings = Settings(window="1000", false_alarms="1/year")
    with pytest.raises(UsageError, match="how long a window takes"):
        audit(reference(rows(3000), time=False), settings, windows=20, tell=quiet)
    sample = reference(rows(3000))
    declared = sizing.threshold(settings, sample.profile, sample.sample, 1000)
    assert declared == pytest.approx(365.25 / 119 * 3, rel=0.01)  # 120 days in all, three windows


def test_windows_in_time_have_the_rows_of_that_time() -> None:
    sample = reference(rows(3000))
    notes: list[str] = []
    size, sizes = sizing.sizes(Settings(window="28d"), sample.profile, sample.sample, 500, [], notes)
    assert size == pytest.approx(28 * DAY, abs=20)
    assert size in sizes
    assert not notes
    assert sizing.sizes(Settings(window="1d"), sample.profile, sample.sample, 500, [], notes)[0] == 500
    assert "The windows asked for have 25 rows" in notes[0]
    assert sizing.sizes(Settings(window="5000"), sample.profile, sample.sample, 500, [], notes)[0] == 1500
    assert "the sample has no more" in notes[1]


def test_coarser_units_are_tried_only_where_they_are_coarser() -> None:
    sample = reference(rows(2000), "day")
    coded = coded_sample(sample)
    assert grouped(coded, sample.sample, "day") is None
    weeks = grouped(coded, sample.sample, "week")
    assert weeks is not None
    assert weeks.all_units == 12
    assert weeks.profile.unit == "week"
    assert coded.profile.unit == "day"
    without = reference(rows(2000), time=False)
    assert grouped(coded_sample(without), without.sample, "day") is None


def test_progress_is_told() -> None:
    told: list[tuple[str, int, int]] = []
    audit(reference(rows(2500)), Settings(), windows=20, tell=lambda *words: told.append(words))
    assert len({what for what, _, _ in told}) >= 4
    assert all(0 <= done <= total for _, done, total in told)


def test_the_page_stands_alone_and_escapes_names() -> None:
    found = calm_audit()
    hostile = "<script>alert(1)</script>\x1b[31m"
    replays = [msgspec.structs.replace(each, column=hostile, by=1) for each in found.replays]
    page = render_html(conclude(msgspec.structs.replace(found, model=hostile, replays=replays), []))
    assert page == render_html(conclude(msgspec.structs.replace(found, model=hostile, replays=replays), []))
    assert "<script" not in page
    assert "\x1b" not in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "as declared" in page
    assert page.count("<svg") >= 5


def test_the_command_audits_a_registered_model(tmp_path: Path) -> None:
    project = Project(tmp_path)
    rng = np.random.default_rng(0)
    frame = pl.DataFrame({"amount": rng.normal(size=6000), "shop": rng.choice(["a", "b", "c"], 6000)})
    bought = pl.when(pl.col("amount") + rng.normal(size=6000) > 0).then(pl.lit("yes")).otherwise(pl.lit("no"))
    frame.with_columns(bought=bought).write_csv(tmp_path / "tiny.csv")
    project.mfbench("init")
    done = project.mfbench("run", "tiny.toml")
    assert done.returncode == 0, done.stderr
    words = ("drift", "audit", "tiny", "--windows", "30", "--min-effect", "0.15")
    found = msgspec.convert(project.json(*words, "--out", "audit.html"), Audit)
    assert found.model == "tiny"
    assert found.settings.min_effect == 0.15
    assert of(found, "rows").significant.looks == 30
    assert (tmp_path / "audit.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    shown = project.mfbench(*words)
    assert shown.returncode == 0, shown.stderr
    assert found.conclusion[0] in shown.stdout
    assert "unchanged windows" in shown.stdout
    small = project.mfbench(*words, "--size", "7")
    assert small.returncode == 2
    assert "cannot be audited" in small.stderr
    (tmp_path / "other.html").write_text("mine", encoding="utf-8")
    refused = project.mfbench(*words, "--out", "other.html")
    assert refused.returncode == 2
    assert (tmp_path / "other.html").read_text(encoding="utf-8") == "mine"
