"""The recipes that ship, on the data that ships."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from mfbench.api.workbench import Workbench
from tests.support import Project

REPOSITORY = Path(__file__).parents[2]


def test_flight_delay_reaches_what_is_known_of_this_data(project: Project) -> None:
    quick = ("--set", "tune.trials=2", "--set", "evaluate.resamples=100", "--set", "evaluate.importance=false")
    result = project.json("run", str(REPOSITORY / "recipes" / "flight-delay.toml"), *quick)
    assert result["model"] == {"name": "flight-delay", "version": 1}
    assert result["metrics"]["roc_auc"] == pytest.approx(0.71, abs=0.015)
    logs = project.mfbench("runs", "logs", "last").stdout
    assert "dropped 5,649 rows without a target" in logs
    [dry] = [gate for gate in result["gates"] if gate["against"] is None and "champion" not in gate["name"]]
    assert dry["passed"]
    weather = "data.exclude=['temp','dewp','humid','wind_*','precip','pressure','visib']"
    recipe = str(REPOSITORY / "recipes" / "flight-delay.toml")
    done = project.mfbench("run", recipe, "--set", weather, *quick, "--json")
    assert done.returncode == 3, "without the weather its gate refuses"
    assert json.loads(done.stdout.splitlines()[-1])["metrics"]["roc_auc"] == pytest.approx(0.63, abs=0.02)


def test_default_has_the_published_coefficients(project: Project) -> None:
    project.json("run", str(REPOSITORY / "recipes" / "default.toml"))
    model = Workbench.open(project.folder).model("default")
    fitted = model._fitted
    assert fitted.intercept_[0] == pytest.approx(-10.6513, abs=5e-5)  # type: ignore[attr-defined]
    assert fitted.coef_[0, 0] == pytest.approx(0.0055, abs=5e-5)  # type: ignore[attr-defined]
    assert model.manifest.classes == ("No", "Yes")


def test_init_demo_makes_recipes_that_run_as_they_are(project: Project) -> None:
    made = project.mfbench("init", "try it", "--demo")
    assert made.returncode == 0
    folder = project.folder / "try it"
    (folder / "default.toml").write_text((folder / "default.toml").read_text() + "\n# mine\n")
    again = project.json("init", "try it", "--demo")
    assert (again["new"], again["copied"]) == (False, [])
    assert "# mine" in (folder / "default.toml").read_text()
    assert project.mfbench("run", "try it/default.toml", "--workspace", "try it").stdout.strip() == "default:1"


def test_employment_is_tested_on_the_year_that_is_given(project: Project) -> None:
    result = project.json("run", str(REPOSITORY / "recipes" / "employment.toml"), "--set", "evaluate.importance=false",
                          "--set", "evaluate.resamples=100")  # fmt: skip
    assert result["model"] == {"name": "employment", "version": 1}
    assert result["metrics"]["roc_auc"] == pytest.approx(0.90, abs=0.01)
    assert project.events(project.runs()[0], "param").count(["rows.test", 28_053]) == 1


def test_bikeshare_counts(project: Project) -> None:
    result = project.json("run", str(REPOSITORY / "recipes" / "bikeshare.toml"), "--set", "evaluate.importance=false")
    assert result["metrics"]["poisson_deviance"] == pytest.approx(24.2, abs=2)
    assert result["metrics"]["r2"] == pytest.approx(0.72, abs=0.03)


def test_the_bikeshare_forecast_beats_the_seasonal_naive_and_serves(project: Project) -> None:
    recipe = str(REPOSITORY / "recipes" / "bikeshare-forecast.toml")
    metrics = project.json("run", recipe, "--set", "evaluate.importance=false")["metrics"]
    assert metrics["mase"] < 0.95, "the same hour a week ago has 1.12"
    assert metrics["coverage"] > 0.85
    columns = ("time", "workingday", "holiday", "bikers")
    rows = pl.read_parquet(REPOSITORY / "sample_data" / "bikeshare.parquet").select(columns)
    ahead = rows["time"] > rows["time"].max() - timedelta(hours=24)  # type: ignore[operator]
    history = rows.with_columns(bikers=pl.when(~ahead).then("bikers"))
    history.write_csv(project.folder / "history.csv")
    done = project.mfbench("score", "bikeshare-forecast", "history.csv", "-o", "ahead.csv")
    assert done.returncode == 0, done.stderr
    made = pl.read_csv(project.folder / "ahead.csv", try_parse_dates=True)
    assert made.columns == ["time", "horizon", "prediction", "low", "high"]
    assert made["time"].to_list() == rows.filter(ahead)["time"].to_list()
    assert (made["low"] <= made["prediction"]).all()
    assert (made["prediction"] <= made["high"]).all()
    assert (made["prediction"] - rows.filter(ahead)["bikers"]).abs().mean() < 40  # type: ignore[operator]
    short = project.mfbench("score", "bikeshare-forecast", "history.csv", "-o", "no.csv", "--separator", ";")
    assert short.returncode == 2
