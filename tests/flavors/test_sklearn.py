from __future__ import annotations

import pytest

from mfbench.core.plugins import load
from mfbench.flavors.base import Flavor
from mfbench.recipe.schema import Model
from mfbench.testing import FlavorContract

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
]
PARAMS = {"MLPClassifier": {"max_iter": 300}, "MLPRegressor": {"max_iter": 500}}


@pytest.fixture(params=PAIRS, ids=[pair[0] for pair in PAIRS])
def pair(request: pytest.FixtureRequest) -> tuple[str, str]:
    chosen: tuple[str, str] = request.param
    return chosen


@pytest.mark.filterwarnings("ignore::UserWarning")
class TestSklearnFlavor(FlavorContract):
    pair: tuple[str, str]

    @pytest.fixture(autouse=True)
    def _pair(self, pair: tuple[str, str]) -> None:
        self.pair = pair

    def make(self) -> Flavor:
        flavor: Flavor = load("mfbench.flavors", "sklearn")()
        return flavor

    def model(self, task: str) -> Model:
        name = self.pair[0] if task == "classification" else self.pair[1]
        return Model(estimator=name, params=PARAMS.get(name, {}))
