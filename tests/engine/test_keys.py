"""What of an environment is in a step's key."""

from __future__ import annotations

from pathlib import Path

import pytest

from mfbench.engine.plan import plan_recipe
from mfbench.executors.environment import Environment
from mfbench.recipe.load import load_recipe
from tests.support import Project

VERSIONS = {"polars": "2.1.0", "scikit-learn": "1.9.1", "lightgbm": "4.6.0", "imbalanced-learn": "0.14.0", "six": "1"}
OWN = "import os\nimport six, lightgbm\nfrom sklearn.linear_model import LogisticRegression as Mine\n"


def changed(recipe: Path, estimator: str, name: str) -> set[str]:
    """The steps whose key is another one where this distribution has another version."""
    loaded = load_recipe(recipe, (f"model.estimator={estimator}",))
    keys = []
    for versions in (VERSIONS, VERSIONS | {name: "99"}):
        environment = Environment(python="3.11.2", platform="linux-x86_64", versions=versions, place="somewhere")
        keys.append({step.name: step.key for step in plan_recipe(loaded, None, environment)})
    return {step for step in keys[0] if keys[0][step] != keys[1][step]}


@pytest.mark.parametrize(
    ("estimator", "name", "counts"),
    [
        ("LogisticRegression", "scikit-learn", True),
        ("LogisticRegression", "lightgbm", False),
        ("lightgbm.LGBMClassifier", "lightgbm", True),
        ("lightgbm.LGBMClassifier", "six", False),
        ("imblearn.ensemble.EasyEnsembleClassifier", "imbalanced-learn", True),  # a module of another name
        ("mine.Mine", "lightgbm", True),  # imported by the recipe's own code
        ("mine.Mine", "imbalanced-learn", False),
    ],
)
def test_the_versions_of_what_the_estimator_needs(project: Project, estimator: str, name: str, counts: bool) -> None:
    (project.folder / "mine.py").write_text(OWN)
    (project.folder / "estimators.py").unlink()  # its imports would count, too
    assert ("train" in changed(project.folder / "tiny.toml", estimator, name)) is counts


def test_a_distribution_is_known_however_it_is_written() -> None:
    one, other = (Environment(python="3.11.2", platform="x", versions={"scikit-learn": v}) for v in ("1.8", "1.9"))
    assert one.digest(("scikit_learn",)) != other.digest(("scikit_learn",))
    assert one.digest(("Scikit.Learn",)) != other.digest(("Scikit.Learn",))
