from __future__ import annotations

from pathlib import Path

import pytest

from mfbench.core.errors import FitError
from mfbench.core.plugins import load
from mfbench.flavors.base import Flavor
from mfbench.recipe.schema import Model
from mfbench.testing import FlavorContract
from mfbench.testing.flavors import sample

PAIRS = [
    ("LogisticRegression", "Ridge"),
    ("RandomForestClassifier", "RandomForestRegressor"),
    ("HistGradientBoostingClassifier", "HistGradientBoostingRegressor"),
    ("GradientBoostingClassifier", "GradientBoostingRegressor"),
    ("ExtraTreesClassifier", "ExtraTreesRegressor"),
    ("KNeighborsClassifier", "KNeighborsRegressor"),
    ("SVC", "SVR"),
    ("LinearSVC", "LinearSVR"),
    ("SGDClassifier", "SGDRegressor"),
    ("MLPClassifier", "MLPRegressor"),
    ("GaussianNB", "BayesianRidge"),
    ("AdaBoostClassifier", "AdaBoostRegressor"),
    ("BaggingClassifier", "BaggingRegressor"),
    ("DecisionTreeClassifier", "DecisionTreeRegressor"),
    ("LinearDiscriminantAnalysis", "Lasso"),
    ("GaussianProcessClassifier", "GaussianProcessRegressor"),
    ("DummyClassifier", "DummyRegressor"),
    ("CalibratedClassifierCV", "TweedieRegressor"),
    ("RidgeClassifier", "HuberRegressor"),
    ("LogisticRegressionCV", "QuantileRegressor"),
]
PARAMS = {"MLPClassifier": {"max_iter": 300}, "MLPRegressor": {"max_iter": 500}}


@pytest.fixture(params=PAIRS, ids=[pair[0] for pair in PAIRS])
def pair(request: pytest.FixtureRequest) -> tuple[str, str]:
    chosen: tuple[str, str] = request.param
    return chosen


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")
class TestSklearnFlavor(FlavorContract):
    pair: tuple[str, str]

    def test_what_it_saves_is_trusted(self, tmp_path: Path) -> None:
        """An ordinary model has to load where nobody has written a list of types."""
        flavor = self.make()
        for task in self.tasks:
            fitted = flavor.fit(self.model(task), task, sample(task))
            assert flavor.save(fitted, tmp_path / task) == []
            flavor.load(tmp_path / task, [])

    @pytest.fixture(autouse=True)
    def _pair(self, pair: tuple[str, str]) -> None:
        self.pair = pair

    def make(self) -> Flavor:
        flavor: Flavor = load("mfbench.flavors", "sklearn")()
        return flavor

    def model(self, task: str) -> Model:
        name = self.pair[0] if task == "classification" else self.pair[1]
        return Model(estimator=name, params=PARAMS.get(name, {}))


def test_histogram_boosting_in_stages_needs_its_own_stopping_off() -> None:
    import numpy as np

    flavor, data = load("mfbench.flavors", "sklearn")(), sample("classification")
    with pytest.raises(FitError, match="stops by itself"):
        flavor.check_stages(Model(estimator="HistGradientBoostingClassifier"), "classification")
    model = Model(estimator="HistGradientBoostingClassifier", params={"early_stopping": False, "max_iter": 20})
    flavor.check_stages(model, "classification")
    *_, last = flavor.fit_stages(model, "classification", data, 8)
    whole = flavor.predict(flavor.fit(model, "classification", data), data.x, "classification")
    assert np.array_equal(flavor.predict(last, data.x, "classification").scores, whole.scores)
