"""The scikit-learn flavor: any estimator by name or dotted path."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mfbench.core.errors import FitError
from mfbench.features.skops_file import load_skops, save_skops
from mfbench.features.traits import Traits
from mfbench.flavors.base import FitInput, Prediction
from mfbench.flavors.estimators import another, build
from mfbench.recipe.schema import Model

_TREES = ("sklearn.tree", "sklearn.ensemble", "lightgbm", "xgboost", "catboost")
_PARALLEL = ("sklearn.ensemble", "sklearn.neighbors", "lightgbm", "xgboost")  # elsewhere n_jobs is on its way out
_NOT_TREES = ("AdaBoost", "Bagging", "Voting", "Stacking")
_DEFAULTS = {
    "classification": "HistGradientBoostingClassifier",
    "regression": "HistGradientBoostingRegressor",
    "forecasting": "HistGradientBoostingRegressor",
}


class SklearnFlavor:
    name = "sklearn"
    distributions = ("scikit-learn", "skops", "scipy")

    def estimator_name(self, model: Model, task: str) -> str:
        return model.estimator or _DEFAULTS[task]

    def check(self, model: Model, task: str, *, weighted: bool) -> Traits:
        from sklearn.base import is_classifier, is_regressor
        from sklearn.utils.validation import has_fit_parameter

        estimator = self._build(model, task)
        name = type(estimator).__name__
        if not (is_classifier(estimator) if task == "classification" else is_regressor(estimator)):
            kind = "a classifier" if is_classifier(estimator) else "a regressor" if is_regressor(estimator) else None
            told = f"{name} is {kind or 'neither a classifier nor a regressor'}, but the recipe's task is {task}"
            raise FitError(("model", "estimator"), told, another(name, task))
        if weighted and not has_fit_parameter(estimator, "sample_weight"):
            hint = f"take data.weight out, or use an estimator with weights such as {_DEFAULTS[task]}"
            raise FitError(("data", "weight"), f"{name} takes no weights", hint)
        missing = bool(estimator.__sklearn_tags__().input_tags.allow_nan)
        module = type(estimator).__module__
        trees = module.startswith(_TREES) and not name.startswith(_NOT_TREES)
        native = name.startswith("HistGradientBoosting") and "categorical_features" not in model.params
        return Traits(trees=trees, missing=missing, categorical=native)

    def gives(self, model: Model, task: str) -> str:
        if task != "classification":
            return "values"
        estimator = self._build(model, task)
        if hasattr(estimator, "predict_proba"):
            return "probabilities"
        return "scores" if hasattr(estimator, "decision_function") else "classes"

    def fit(self, model: Model, task: str, data: FitInput) -> Any:
        estimator, restore = self._prepared(model, task, data)
        weight = {} if data.weight is None else {"sample_weight": data.weight}
        estimator.fit(data.x, data.y, **weight)
        return estimator.set_params(**restore)

    def fit_stages(self, model: Model, task: str, data: FitInput, stages: int) -> Iterator[Any]:
        estimator, _ = self._prepared(model, task, data)
        count = _staged_by(estimator)
        weight = {} if data.weight is None else {"sample_weight": data.weight}
        whole = int(estimator.get_params(deep=False)[count])
        estimator.set_params(warm_start=True)
        for stage in range(1, stages + 1):
            estimator.set_params(**{count: max(1, whole * stage // stages)})
            estimator.fit(data.x, data.y, **weight)
            yield estimator

    def check_stages(self, model: Model, task: str) -> None:
        _staged_by(self._build(model, task))

    def _prepared(self, model: Model, task: str, data: FitInput) -> tuple[Any, dict[str, Any]]:
        """(the estimator as it will be fitted, the parameters to set back afterwards)."""
        estimator = self._build(model, task)
        known = estimator.get_params(deep=False)
        chosen: dict[str, Any] = {}
        if "random_state" in known and "random_state" not in model.params:
            chosen["random_state"] = data.seed
        parallel = type(estimator).__module__.startswith(_PARALLEL)
        if parallel and "n_jobs" in known and "n_jobs" not in model.params:
            chosen["n_jobs"] = data.cpus
        native = type(estimator).__name__.startswith("HistGradientBoosting")
        if native and data.categorical and "categorical_features" not in model.params:
            chosen["categorical_features"] = list(range(data.categorical))
        estimator.set_params(**chosen)
        # How many cores there were is no property of the model: the same model has the same digest everywhere.
        return estimator, {"n_jobs": known["n_jobs"]} if "n_jobs" in chosen else {}

    def save(self, fitted: Any, folder: Path) -> list[str]:
        folder.mkdir(parents=True, exist_ok=True)
        return save_skops(fitted, folder / "model.skops")

    def load(self, folder: Path, trusted: list[str]) -> Any:
        return load_skops(folder / "model.skops", trusted)

    def predict(self, fitted: Any, x: Any, task: str) -> Prediction:
        import numpy as np

        if task != "classification":
            return Prediction(np.asarray(fitted.predict(x), dtype=np.float64).reshape(len(x)))
        if hasattr(fitted, "predict_proba"):
            scores = np.asarray(fitted.predict_proba(x), dtype=np.float64)
            return Prediction(np.asarray(fitted.classes_[scores.argmax(axis=1)], dtype=np.float64), scores, True)
        values = np.asarray(fitted.predict(x), dtype=np.float64)
        if hasattr(fitted, "decision_function"):
            scores = np.asarray(fitted.decision_function(x), dtype=np.float64)
            scores = np.column_stack([-scores, scores]) if scores.ndim == 1 else scores
            # One against one gives a score a pair of classes, which says nothing about a single class.
            return Prediction(values, scores if scores.shape[1] == len(fitted.classes_) else None)
        return Prediction(values)

    def _build(self, model: Model, task: str) -> Any:
        return build(self.estimator_name(model, task), model.params, ("model",))


def _staged_by(estimator: Any) -> str:
    """The parameter that counts what an ensemble adds one after the other. Raises FitError where there is none."""
    known = estimator.get_params(deep=False)
    name, early = type(estimator).__name__, known.get("early_stopping", False)
    count = next((key for key in ("n_estimators", "max_iter") if key in known), None)
    if "warm_start" not in known or count is None or not type(estimator).__module__.startswith("sklearn.ensemble"):
        hint = "take prune_on out (folds are told then), or use a forest or gradient boosting of scikit-learn"
        raise FitError(("tune", "prune_on"), f"{name} cannot be fitted in stages", hint)
    if early is not False and name.startswith("HistGradientBoosting"):
        hint = "add early_stopping = false: the pruner ends what lags behind"
        raise FitError(("tune", "prune_on"), f"{name} stops by itself, which stages would disturb", hint)
    return count
