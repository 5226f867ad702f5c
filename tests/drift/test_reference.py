"""A reference holds what new rows are compared with, and nothing private."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from mfbench.bundle.manifest import read_manifest
from mfbench.core.errors import DamageError, UsageError
from mfbench.core.hashing import digest_file
from mfbench.drift.clusters import correlation
from mfbench.drift.counting import count
from mfbench.drift.counts import reference_counts
from mfbench.drift.reference import SAMPLE_ROWS, Reference
from mfbench.drift.seen import LABEL, TIME, UNIT
from tests.drift.rows import INPUTS, make_reference, make_rows
from tests.support import RECIPE, Project

WATCHED = """
[features]
double = "amount * 2"
shop_and_amount = "concat(shop, amount)"

[monitor]
window = 5000
min_effect = 0.2
"""


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = Project(tmp_path_factory.mktemp("reference"))
    lines = [f"{i},{'abc'[i % 3]},2026-01-{i // 10 + 1:02d},{'yes' if i % 7 > i % 3 else 'no'}" for i in range(280)]
    (project.folder / "tiny.csv").write_text("\n".join(["amount,shop,day,bought", *lines]) + "\n", encoding="utf-8")
    data = 'positive = "yes"\nuse = ["amount", "shop"]\nprivate = ["shop"]\nsplit = { by = "day", test = 0.25 }\n'
    project.recipe(RECIPE.replace('positive = "yes"\n', data).replace("[model]", f"{WATCHED}\n[model]"))
    done = project.mfbench("run", "tiny.toml")
    assert done.returncode == 0, done.stderr
    assert project.mfbench("models", "export", "tiny", "exported").returncode == 0
    return project.folder / "exported"


def test_a_bundle_holds_all_held_out_rows_and_no_private_column(bundle: Path) -> None:
    reference = Reference.load(bundle)
    profile = reference.profile
    assert profile.rows == 70
    assert (profile.unit, profile.units) == ("day", 7)
    assert profile.private == ("shop",)
    assert [(each.name, each.role, each.kind) for each in profile.columns] == [
        ("amount", "input", "numeric"), ("double", "derived", "numeric"), ("prediction", "prediction", "values"),
        ("probability", "prediction", "numeric"), ("label", "label", "values"),
    ]  # fmt: skip
    assert reference.sample.columns == ["amount", "__prediction__", "__probability__", LABEL, UNIT, TIME]
    assert reference.sample.height == 70
    assert reference.sample[TIME].min() == datetime(2026, 1, 22, tzinfo=UTC)
    example = json.loads((bundle / "input_example.json").read_text())
    assert list(example[0]) == ["amount"]
    assert reference.columns_of(reference.sample).columns == ["amount", "double"]
    for name in ("reference.json", "input_example.json"):
        assert '"a"' not in (bundle / name).read_text()


def test_its_manifest_says_how_the_model_is_watched(bundle: Path) -> None:
    watched = read_manifest(bundle)[0].monitored
    assert (watched.time, watched.unit, watched.private) == ("day", "day", ("shop",))
    assert (watched.window, watched.min_effect, watched.level) == ("5000", 0.2, None)


def test_what_is_counted_again_is_what_was_kept(bundle: Path) -> None:
    reference = Reference.load(bundle)
    again = count(reference.profile.columns, reference.with_derived(reference.sample))
    kept = reference_counts(reference.profile)
    for found, of in zip(again.columns, kept.columns, strict=True):
        assert found.cells.tolist() == of.cells.tolist()


def resealed(bundle: Path, folder: Path, change: str) -> Path:
    """A copy in which a file was replaced, and the manifest says so."""
    copy = Path(shutil.copytree(bundle, folder / "copy"))
    manifest = json.loads((copy / "manifest.json").read_text())
    if change == "none":
        (copy / "reference.json").unlink()
        del manifest["files"]["reference.json"]
    else:
        (copy / "reference.json").write_text(change)
        about = {"sha256": digest_file(copy / "reference.json"), "bytes": len(change)}
        manifest["files"]["reference.json"] = about
    (copy / "manifest.json").write_text(json.dumps(manifest))
    return copy


def test_a_bundle_of_before_is_profiled_from_its_sample(bundle: Path, tmp_path: Path) -> None:
    older = Reference.load(resealed(bundle, tmp_path, "none")).profile
    now = Reference.load(bundle).profile
    assert [each.name for each in older.columns] == [each.name for each in now.columns]
    assert [each.counts for each in older.columns] == [each.counts for each in now.columns]


@pytest.mark.parametrize(
    "content", ["{}", "[]", "{", '{"format": 99, "task": "x", "rows": 1, "units": 1, "columns": []}']
)
def test_a_profile_that_cannot_be_read_is_damage(bundle: Path, tmp_path: Path, content: str) -> None:
    with pytest.raises(DamageError, match="profile"):
        Reference.load(resealed(bundle, tmp_path, content))


FLAWS: dict[str, Callable[[dict[str, Any]], None]] = {
    "described twice": lambda profile: profile["columns"].append(profile["columns"][0]),
    "counts of": lambda profile: profile["columns"][0].update(counts=[1, 2]),
    "impossible counts": lambda profile: profile["columns"][0].update(nulls=2**70),
    "do not rise": lambda profile: profile["columns"][0]["edges"].reverse(),
    "no groups": lambda profile: profile["columns"][0].update(bars=[0, 999]),
    "no covariance": lambda profile: profile["columns"][0].update(groups=[0, 1], within=[[1.0]]),
    "-1 rows": lambda profile: profile.update(rows=-1),
    "a class": lambda profile: profile.update(classes=[["a"], None]),
}


@pytest.mark.parametrize("told", FLAWS)
def test_a_profile_that_makes_no_sense_is_damage(bundle: Path, tmp_path: Path, told: str) -> None:
    profile = json.loads((bundle / "reference.json").read_text())
    FLAWS[told](profile)
    with pytest.raises(DamageError, match=told):
        Reference.load(resealed(bundle, tmp_path, json.dumps(profile)))


def test_the_time_of_the_split_is_left_out_where_it_is_private(tmp_path: Path) -> None:
    project = Project(tmp_path)
    lines = [f"{i},2026-01-{i // 10 + 1:02d},{'yes' if i % 7 > i % 3 else 'no'}" for i in range(280)]
    (project.folder / "tiny.csv").write_text("\n".join(["amount,day,bought", *lines]) + "\n", encoding="utf-8")
    data = 'positive = "yes"\nuse = ["amount"]\nprivate = ["day"]\nsplit = { by = "day", test = 0.25 }\n'
    project.recipe(RECIPE.replace('positive = "yes"\n', data))
    assert project.mfbench("run", "tiny.toml").returncode == 0
    assert project.mfbench("models", "export", "tiny", "exported").returncode == 0
    reference = Reference.load(project.folder / "exported")
    assert TIME not in reference.sample.columns
    assert (reference.profile.unit, reference.profile.units) == ("day", 7)


def test_of_many_rows_a_sample_is_kept_in_their_order() -> None:
    rows = make_rows(SAMPLE_ROWS + 5000)
    reference = make_reference(rows)
    assert reference.profile.rows == rows.height
    assert reference.sample.height == SAMPLE_ROWS
    assert reference.sample[UNIT].is_sorted()
    assert reference.sample.equals(make_reference(rows).sample)
    assert not reference.sample.equals(make_reference(rows, seed=1).sample)
    wide = pl.DataFrame({f"x{i}": np.zeros(5000) for i in range(1000)})
    assert Reference.of(wide, inputs=wide.columns, task="regression").sample.height == 2_000_000 // 1001


def test_answers_and_labels_have_every_class_even_one_that_was_never_given() -> None:
    rows = make_rows(500).with_columns(prediction=pl.lit("no"))
    columns = {each.name: each for each in make_reference(rows).profile.columns}
    assert columns["prediction"].values == ("no", "yes")
    assert columns["prediction"].counts == (500, 0, 0)
    assert columns["probability"].kind == "numeric"
    numbered = rows.with_columns(prediction=pl.lit(1), bought=pl.Series([0, 1] * 250))
    columns = {each.name: each for each in make_reference(numbered, classes=[0, 1]).profile.columns}
    assert columns["label"].values == ("0", "1")
    assert columns["prediction"].counts == (0, 500, 0)


def test_names_stay_apart() -> None:
    rows = make_rows(300).with_columns(label=pl.lit(1.0))
    names = [each.name for each in make_reference(rows, inputs=["amount", "label"]).profile.columns]
    assert names == ["amount", "label", "prediction", "probability", LABEL]


def test_what_reads_a_private_column_is_private_too() -> None:
    derived = {"twice": "amount * 2", "visible": "count + 1"}
    reference = make_reference(make_rows(300), derived=derived, private=["amount"])
    assert list(reference.derived) == ["visible"]
    assert "amount" not in reference.sample.columns
    assert not {"amount", "twice"} & {each.name for each in reference.profile.columns}


@pytest.mark.parametrize("wrong", [{"inputs": ["nope"]}, {"label": "nope"}, {"time": "nope"}, {"unit": "nope"}])
def test_a_column_that_is_not_there_is_said(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="nope"):
        make_reference(make_rows(50), **wrong)


def test_rows_of_one_unit_that_are_alike_are_found_to_be() -> None:
    rng = np.random.default_rng(0)
    units = np.repeat(np.arange(60), 50)
    for icc, expected in ((0.0, 0), (0.3, (0.3 + 0.3**2 + 0.3**3) / 9), (1.0, 1)):  # of normal values cut into ten
        shared = rng.normal(size=60)[units]
        values = np.sqrt(icc) * shared + np.sqrt(1 - icc) * rng.normal(size=3000)
        rows = pl.DataFrame({"x": values, "unit": units, "c": np.where(shared > 0, "a", "b")})
        [x, c] = Reference.of(rows, inputs=["x", "c"], task="regression", unit="unit").profile.columns
        assert x.icc == pytest.approx(expected, abs=0.02)
        assert c.icc == pytest.approx(1, abs=0.05)


def test_the_correlation_is_what_the_variance_of_a_share_says() -> None:
    """The share's variance over many draws of units, over that of independent rows, is 1 + (m - 1) icc."""
    rng = np.random.default_rng(1)
    m, count_ = 20, 200
    draws = rng.beta(2, 2, (400, count_))  # intra-unit correlation 1 / (2 + 2 + 1)
    hits = rng.binomial(m, draws)
    effect = hits.sum(1).var() / (count_ * m * 0.25)
    assert effect == pytest.approx(1 + (m - 1) * 0.2, rel=0.2)
    bars = (np.arange(m)[None, :] < hits[0][:, None]).astype(int).ravel()
    found = correlation(bars, np.repeat(np.arange(count_), m), count_)
    assert found == pytest.approx(0.2, abs=0.05)


def test_units_of_one_row_have_no_likeness_and_a_single_unit_has_all() -> None:
    bars = np.array([0, 1, 0, 1])
    assert correlation(bars, np.arange(4), 4) == 0
    assert correlation(bars, np.zeros(4, dtype=int), 1) == 1
    assert correlation(np.zeros(4, dtype=int), np.array([0, 0, 1, 1]), 2) == 0


def test_nulls_that_come_by_the_day_are_alike() -> None:
    rows = pl.DataFrame({"x": [1.0, 2.0] * 500, "day": [date(2026, 1, 1 + i // 50) for i in range(1000)]})
    rows = rows.with_columns(pl.when(pl.col("day").dt.day() % 2 == 0).then(pl.col("x")).alias("x"))
    [x] = Reference.of(rows, inputs=["x"], task="regression", unit="day", time="day").profile.columns
    assert x.icc_nulls > 0.9
    assert x.icc == 0


def test_inputs_of_every_kind_make_a_profile() -> None:
    rows = make_rows(400).with_columns(
        pl.lit(None).alias("nothing"), pl.lit([1, 2]).alias("nested"), pl.lit(b"x").alias("bytes"),
        pl.col("when").dt.time().alias("clock"), pl.duration(hours=pl.col("count")).alias("took"),
        pl.col("shop").cast(pl.Categorical).alias("category"), pl.col("amount").cast(pl.Decimal(10, 2)).alias("price"),
        pl.col("count").cast(pl.UInt8).alias("small"),
    )  # fmt: skip
    more = ["when", "nothing", "nested", "bytes", "clock", "took", "category", "price", "small"]
    reference = make_reference(rows, inputs=[*INPUTS, *more])
    kinds = {each.name: each.kind for each in reference.profile.columns}
    assert [kinds[name] for name in more] == [*["described"] * 6, "values", "numeric", "numeric"]
    seen = count(reference.profile.columns, rows)
    assert [found.nulls for found in seen.columns][5] == 400
