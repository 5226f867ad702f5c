"""The scikit-learn flavor: any estimator by name or dotted path."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from mfbench.core.errors import FitError, UsageError
from mfbench.core.text import did_you_mean
from mfbench.features.skops_file import load_skops, save_skops
from mfbench.features.traits import Traits
from mfbench.flavors.base import FitInput, Prediction
from mfbench.recipe.schema import Model

# Asked one after the other, so that a name needs no import of all of scikit-learn.
_MODULES = (
    "linear_model", "ensemble", "tree", "svm", "neighbors", "naive_bayes", "neural_network",
    "discriminant_analysis", "gaussian_process", "dummy", "calibration", "kernel_ridge", "isotonic",
    "cross_decomposition", "multiclass", "semi_supervised", "compose", "pipeline", "feature_selection",
    "preprocessing", "decomposition",
)  # fmt: skip
_TREES = ("sklearn.tree", "sklearn.ensemble", "lightgbm", "xgboost", "catboost")
_PARALLEL = ("sklearn.ensemble", "sklearn.neighbors", "lightgbm", "xgboost")  # elsewhere n_jobs is on its way out
_NOT_TREES = ("AdaBoost", "Bagging", "Voting", "Stacking")
_DEFAULTS = {
    "classification": "HistGradientBoostingClassifier",
    "regression": "HistGradientBoostingRegressor",
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
        right = is_classifier(estimator) if task == "classification" else is_regressor(estimator)
        if not right:
            kind = "classifier" if is_classifier(estimator) else "regressor" if is_regressor(estimator) else "model"
            raise FitError(("model", "estimator"), f"{name} is a {kind}, but the recipe's task is {task}")
        if weighted and not has_fit_parameter(estimator, "sample_weight"):
            raise FitError(("data", "weight"), f"{name} takes no weights")
        validate = getattr(estimator, "_validate_params", None)
        if validate is not None:
            try:
                validate()
            except ValueError as error:
                key = next((k for k in model.params if f"'{k}'" in str(error)), "estimator")
                raise FitError(("model", key), str(error)) from None
        missing = bool(estimator.__sklearn_tags__().input_tags.allow_nan)
        module = type(estimator).__module__
        trees = module.startswith(_TREES) and not name.startswith(_NOT_TREES)
        native = name.startswith("HistGradientBoosting") and "categorical_features" not in model.params
        return Traits(trees=trees, missing=missing, categorical=native)

    def gives(self, model: Model, task: str) -> str:
        if task == "regression":
            return "values"
        estimator = self._build(model, task)
        if hasattr(estimator, "predict_proba"):
            return "probabilities"
        return "scores" if hasattr(estimator, "decision_function") else "classes"

    def fit(self, model: Model, task: str, data: FitInput) -> Any:
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
        weight = {} if data.weight is None else {"sample_weight": data.weight}
        estimator.fit(data.x, data.y, **weight)
        # How many cores there were is no property of the model: the same model has the same digest everywhere.
        if "n_jobs" in chosen:
            estimator.set_params(n_jobs=known["n_jobs"])
        return estimator

    def save(self, fitted: Any, folder: Path) -> list[str]:
        folder.mkdir(parents=True, exist_ok=True)
        return save_skops(fitted, folder / "model.skops")

    def load(self, folder: Path, trusted: list[str]) -> Any:
        return load_skops(folder / "model.skops", trusted)

    def predict(self, fitted: Any, x: Any, task: str) -> Prediction:
        import numpy as np

        if task == "regression":
            return Prediction(np.asarray(fitted.predict(x), dtype=np.float64).reshape(len(x)))
        if hasattr(fitted, "predict_proba"):
            scores = np.asarray(fitted.predict_proba(x), dtype=np.float64)
            return Prediction(np.asarray(fitted.classes_[scores.argmax(axis=1)], dtype=np.float64), scores, True)
        values = np.asarray(fitted.predict(x), dtype=np.float64)
        if hasattr(fitted, "decision_function"):
            scores = np.asarray(fitted.decision_function(x), dtype=np.float64)
            return Prediction(values, np.column_stack([-scores, scores]) if scores.ndim == 1 else scores)
        return Prediction(values)

    def _build(self, model: Model, task: str) -> Any:
        return _make(self.estimator_name(model, task), model.params, ("model",))


def _make(name: str, params: dict[str, Any], key: tuple[str, ...]) -> Any:
    """An estimator with its parameters; a parameter that is a table with `estimator` is one itself."""
    kind = _find(name, (*key, "estimator"))
    try:
        known = set(kind._get_param_names())
    except AttributeError:
        raise FitError((*key, "estimator"), f"{name!r} is no scikit-learn estimator") from None
    for parameter in params:
        if parameter not in known:
            hint = did_you_mean(parameter, known)
            raise FitError((*key, parameter), f"{kind.__name__} has no parameter {parameter!r}", hint)
    try:
        return kind(**{parameter: _value(value, (*key, parameter)) for parameter, value in params.items()})
    except TypeError as error:
        raise FitError((*key, "estimator"), f"{kind.__name__} cannot be made: {error}") from None


def _value(value: Any, key: tuple[str, ...]) -> Any:
    """A parameter's value; a table with `estimator` in it, or in a list of it, is an estimator itself."""
    if isinstance(value, dict) and isinstance(value.get("estimator"), str):
        return _make(value["estimator"], {k: v for k, v in value.items() if k != "estimator"}, key)
    if isinstance(value, list | tuple):
        items = [_value(item, key) for item in value]
        named = len(items) == 2 and isinstance(items[0], str) and hasattr(items[1], "fit")
        return tuple(items) if named else items
    return value


def _find(name: str, key: tuple[str, ...]) -> Any:
    module_name, _, attribute = name.rpartition(".")
    if module_name:
        try:
            return getattr(import_module(module_name), attribute)
        except ModuleNotFoundError as error:
            hint = f"install what provides {error.name!r}, or put it beside the recipe"
            raise FitError(key, f"{name!r} cannot be imported: no module {error.name!r}", hint) from None
        except AttributeError:
            there = [item for item in dir(import_module(module_name)) if not item.startswith("_")]
            raise FitError(key, f"{module_name} has no {attribute!r}", did_you_mean(attribute, there)) from None
        except Exception as error:
            raise FitError(key, f"{name!r} cannot be imported: {type(error).__name__}: {error}") from None
    for part in _MODULES:
        module = import_module(f"sklearn.{part}")
        if name in getattr(module, "__all__", ()):
            return getattr(module, name)
    from sklearn.utils.discovery import all_estimators

    everything = {label for label, _ in all_estimators()}
    if name in everything:
        raise UsageError(f"{name} needs its dotted path", hint=did_you_mean(name, everything))
    raise FitError(key, f"there is no estimator {name!r}", did_you_mean(name, everything))
