"""The recipes that ship, on the data that ships."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mfbench.api.workbench import Workbench
from tests.support import Project

REPOSITORY = Path(__file__).parents[2]


def test_flight_delay_reaches_what_is_known_of_this_data(project: Project) -> None:
    result = project.json("run", str(REPOSITORY / "recipes" / "flight-delay.toml"))
    assert result["model"] == {"name": "flight-delay", "version": 1}
    assert result["metrics"]["roc_auc"] == pytest.approx(0.71, abs=0.015)
    logs = project.mfbench("runs", "logs", "last").stdout
    assert "dropped 5,649 rows without a target" in logs
    [dry] = [gate for gate in result["gates"] if gate["against"] is None and "champion" not in gate["name"]]
    assert dry["passed"]
    weather = "data.exclude=['temp','dewp','humid','wind_*','precip','pressure','visib']"
    recipe = str(REPOSITORY / "recipes" / "flight-delay.toml")
    done = project.mfbench("run", recipe, "--set", weather, "--json")
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
