"""The census: 2015 as the reference. False alarms in windows of 2015, and what is seen of the years that followed."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from benchmarks.drift_replay import RULES, Reference, rules
from benchmarks.drift_tables import Table, share
from benchmarks.timing import ROOT

DATA = ROOT / "sample_data"
INPUTS = ("AGEP", "SCHL", "MAR", "RELP", "DIS", "ESP", "CIT", "MIG", "MIL", "ANC", "NATIVITY", "DEAR", "DEYE", "DREM",
          "SEX", "RAC1P")  # fmt: skip
YEARS = (2016, 2017, 2018)
SIZES = (1000, 5000)
LATER_SIZES = (5000, 20_000)


def rows() -> pl.DataFrame:
    files = [pl.read_parquet(DATA / name) for name in ("employment.parquet", "employment-2018.parquet")]
    answers = {"__probability__": "predicted_probability", "__prediction__": "prediction"}
    return pl.concat(files, how="diagonal_relaxed").with_columns(pl.col(old).alias(new) for new, old in answers.items())


def measure(seed: int, windows: int) -> list[Table]:
    """False alarms and detection."""
    rng, frame = np.random.default_rng([seed, 1]), rows()
    roles = [*((name, "input") for name in INPUTS), ("probability", "prediction"), ("prediction", "prediction")]
    reference = Reference(frame.filter(pl.col("year") == 2015), roles, task="classification")
    calm = Table("census: windows of 2015 in which nothing changed: how many are called changed",
                 ("rows of a window", "windows", *RULES))  # fmt: skip
    for size in SIZES:
        looks = reference.unchanged(size, windows, rng)
        calm.rows.append((f"{size:,}", f"{len(looks):,}", *rules(looks)))
    calm.notes.append(f"tested rows are held out of the reference of {reference.profile.rows:,}; 95 % intervals "
                      "(Clopper-Pearson); 16 columns, the probability and the prediction")  # fmt: skip
    return [calm, _later(reference, frame, windows // 10, rng)]


def _later(reference: Reference, frame: pl.DataFrame, windows: int, rng: np.random.Generator) -> Table:
    table = Table("census: windows of later years against 2015",
                  ("year", "rows", "windows", "significant .01", "alarm, effect >= .05", "alarm, effect >= .1",
                   "mean effect", "listed (BH .05)", "distance >= .1 in half"))  # fmt: skip
    for year in YEARS:
        later = frame.filter(pl.col("year") == year)
        for size in LATER_SIZES:
            looks = reference.of(later, size, windows, rng)
            alarms = [share([each.effect >= least for each in looks]) for least in (0.05, 0.1)]
            table.rows.append((
                year, f"{size:,}", windows, share([each.p <= 0.01 for each in looks]), *alarms,
                float(np.mean([each.effect for each in looks])), share([each.listed for each in looks]),
                share([each.distance for each in looks]),
            ))  # fmt: skip
    return table


def labels(seed: int) -> list[Table]:
    """With labels: is the model as good as it was?"""
    rng, frame = np.random.default_rng([seed, 5]), rows()
    table = Table("census: with labels, roc_auc within .01 of 2015?",
                  ("year", "rows", "verdict", "roc_auc", "reference", "difference (90 %)"))  # fmt: skip
    for year in YEARS:
        for size in LATER_SIZES:
            table.rows.append((year, f"{size:,}", *_verdict(frame, year, size, rng)))
    return [table]


def _verdict(frame: pl.DataFrame, year: int, size: int, rng: np.random.Generator) -> tuple[Any, ...]:
    from mfbench.drift.quality import quality
    from mfbench.drift.reference import Reference as Full
    from mfbench.drift.seen import LABEL
    from mfbench.drift.settings import Settings

    reference = Full.of(
        frame.filter(pl.col("year") == 2015).select(*INPUTS, "prediction", "predicted_probability", "employed"),
        inputs=INPUTS, task="classification", label="employed", classes=(0, 1),
        answers={"prediction": "prediction", "probability": "predicted_probability"},
    )  # fmt: skip
    later = frame.filter(pl.col("year") == year).with_columns(pl.col("employed").alias(LABEL))
    sample = later[np.sort(rng.choice(later.height, size, replace=False))]
    found = quality(reference, sample, Settings(metric="roc_auc", margin=0.01))
    metric = next(one for one in found.metrics if one.name == "roc_auc" and one.kind == "measured")
    apart = f"{metric.difference:+.4f} ({metric.difference_low:+.4f} to {metric.difference_high:+.4f})"
    return metric.verdict, f"{metric.value:.4f}", f"{metric.reference:.4f}", apart
