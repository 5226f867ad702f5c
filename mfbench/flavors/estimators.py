"""Estimators from what a recipe says: found by name or dotted path, made with their parameters, checked."""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any

from mfbench.core.errors import FitError
from mfbench.core.text import did_you_mean, nearest
from mfbench.core.versions import installed

# Asked one after the other, so that a name needs no import of all of scikit-learn.
_MODULES = (
    "linear_model", "ensemble", "tree", "svm", "neighbors", "naive_bayes", "neural_network",
    "discriminant_analysis", "gaussian_process", "dummy", "calibration", "kernel_ridge", "isotonic",
    "cross_decomposition", "multiclass", "semi_supervised", "compose", "pipeline", "feature_selection",
    "preprocessing", "decomposition",
)  # fmt: skip
_REFUSED = re.compile(r"The '(\w+)' parameter of \w+ must be (.*)\. Got (.*) instead\.", re.DOTALL)
_WITHOUT = re.compile(r"missing \d+ required .*?: (.*)")


def build(name: str, params: dict[str, Any], key: tuple[str, ...]) -> Any:
    """An estimator with its parameters; a parameter that is a table with `estimator` is one itself.

    Raises FitError for a name or parameter that does not exist, or a value that the estimator refuses.
    """
    kind = find(name, (*key, "estimator"))
    try:
        known = set(kind._get_param_names())
    except AttributeError:
        hint = "a class with fit and predict, as sklearn.base.BaseEstimator has them"
        raise FitError((*key, "estimator"), f"{name!r} is no scikit-learn estimator", hint) from None
    for parameter in params:
        if parameter not in known:
            hint = did_you_mean(parameter, known, limit=30)
            raise FitError((*key, parameter), f"{kind.__name__} has no parameter {parameter!r}", hint)
    try:
        estimator = kind(**{parameter: _value(value, (*key, parameter)) for parameter, value in params.items()})
    except TypeError as error:
        lacks = _WITHOUT.search(str(error))
        told = f"lacks the parameter {lacks[1]}" if lacks else f"cannot be made: {error}"
        raise FitError((*key, "estimator"), f"{kind.__name__} {told}") from None
    _validate(estimator, params, key)
    return estimator


def find(name: str, key: tuple[str, ...]) -> Any:
    """The class that a name in scikit-learn or a dotted path means."""
    module_name, _, attribute = name.rpartition(".")
    if module_name:
        return _imported(name, module_name, attribute, key)
    for part in _MODULES:
        module = import_module(f"sklearn.{part}")
        found = getattr(module, name, None)
        if isinstance(found, type) and hasattr(found, "get_params"):
            return found
    from sklearn.utils.discovery import all_estimators

    everything = dict(all_estimators())
    if name in everything:
        path = everything[name].__module__.partition("._")[0]
        raise FitError(key, f"{name} needs its dotted path", f"write {path}.{name}")
    raise FitError(key, f"there is no estimator {name!r}", did_you_mean(name, everything))


def another(name: str, task: str) -> str:
    """A hint at the estimators for this task, the one with the nearest name first."""
    from sklearn.utils.discovery import all_estimators

    kind = "classifier" if task == "classification" else "regressor"
    names = {label for label, _ in all_estimators(type_filter=kind)}
    stem = re.sub("Classifier$|Regressor$", "", name)
    pair = {"LogisticRegression": "LinearRegression", "LinearRegression": "LogisticRegression"}
    default = "HistGradientBoosting" + kind.capitalize()
    meant = [label for label in (pair.get(name), stem + kind.capitalize(), stem, default) if label in names]
    return f"for {task}: {meant[0]}"


def _imported(name: str, module_name: str, attribute: str, key: tuple[str, ...]) -> Any:
    try:
        module = import_module(module_name)
    except ModuleNotFoundError as error:
        close = nearest(str(error.name), [*installed(), "sklearn"])
        hint = f"did you mean {close!r}? " if close else ""
        hint += f"install what provides {error.name!r}, or put it beside the recipe"
        raise FitError(key, f"{name!r} cannot be imported: there is no module {error.name!r}", hint) from None
    except Exception as error:
        raise FitError(key, f"{name!r} cannot be imported: {type(error).__name__}: {error}") from None
    if not hasattr(module, attribute):
        there = [item for item in dir(module) if not item.startswith("_")]
        raise FitError(key, f"there is no {attribute!r} in {module_name}", did_you_mean(attribute, there))
    return getattr(module, attribute)


def _validate(estimator: Any, params: dict[str, Any], key: tuple[str, ...]) -> None:
    """scikit-learn's own check of the values, which would otherwise come only when it is fitted."""
    if not hasattr(estimator, "_parameter_constraints"):  # a user's own class may declare none
        return
    try:
        estimator._validate_params()
    except ValueError as error:
        refused = _REFUSED.fullmatch(str(error))
        if not refused:
            raise FitError((*key, "estimator"), str(error)) from None
        parameter, expected, found = refused.groups()
        choices = re.findall(r"'([^']+)'", expected)
        hint = did_you_mean(found.strip("'"), choices) if choices and found.startswith("'") else None
        expected = expected.replace("a str among", "one of").replace("an int ", "a whole number ")
        told = f"{parameter} of {type(estimator).__name__}: expected {expected}, found {found}"
        raise FitError((*key, parameter if parameter in params else "estimator"), told, hint) from None


def _value(value: Any, key: tuple[str, ...]) -> Any:
    """A parameter's value; a table with `estimator` in it, or in a list of it, is an estimator itself."""
    if isinstance(value, dict) and isinstance(value.get("estimator"), str):
        return build(value["estimator"], {k: v for k, v in value.items() if k != "estimator"}, key)
    if isinstance(value, list | tuple):
        items = [_value(item, key) for item in value]
        named = len(items) == 2 and isinstance(items[0], str) and hasattr(items[1], "fit")
        return tuple(items) if named else items
    return value
