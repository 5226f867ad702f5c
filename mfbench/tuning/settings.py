"""From a trial's values to the model and the features that they mean."""

from __future__ import annotations

from typing import Any

import msgspec

from mfbench.recipe.schema import Feature, Model, Tune
from mfbench.recipe.space import CANDIDATE, Axis


def settle(
    values: dict[str, Any], model: Model, features: dict[str, Feature], tune: Tune
) -> tuple[Model, dict[str, Feature]]:
    """The recipe's model (or the chosen candidate) and features with a trial's values laid over.

    Raises msgspec.ValidationError for a value that a feature's option cannot have.
    """
    label = values.get(CANDIDATE)
    if label is not None:
        candidate = tune.candidates[label]
        model = Model(flavor=candidate.flavor, estimator=candidate.estimator, params=candidate.params)
    params = dict(model.params)
    asked = {name: msgspec.to_builtins(feature) for name, feature in features.items()}
    for name, value in values.items():
        table, _, rest = name.partition(".")
        if name == CANDIDATE:
            continue
        if table == "features" and label != table:
            feature, _, option = rest.rpartition(".")
            asked[feature] = {**asked.get(feature, {}), option: value}
        else:
            params[rest.removeprefix("params.")] = value
    return msgspec.structs.replace(model, params=params), msgspec.convert(asked, dict[str, Feature])


def as_written(tune: Tune, written: dict[str, Any]) -> Tune:
    """`tune` with values as the recipe (`written`) has them, `${NAME}` unfilled: for all that is put on record."""
    tree = msgspec.to_builtins(tune)
    for part, told in ((tree, written), *((one, written["candidates"][k]) for k, one in tree["candidates"].items())):
        part |= {"params": told["params"]} if "params" in part else {}
        for name, space in part["space"].items():
            space |= {key: told["space"][name][key] for key in ("choices", "when") if key in told["space"][name]}
    return msgspec.convert(tree, Tune)


def start_values(space: dict[str, Axis], model: Model, features: dict[str, Feature]) -> dict[str, Any]:
    """What the recipe itself says of searched entries: the first trial starts from there."""
    given: dict[str, Any] = {}
    for name, axis in space.items():
        table, _, rest = name.partition(".")
        found: Any = None
        if table == "model":
            found = model.params.get(rest.removeprefix("params."))
        elif table == "features":
            feature, _, option = rest.rpartition(".")
            found = getattr(features.get(feature), option, None)
        if found is not None and axis.holds(found):
            given[name] = found
    return given


def samples(space: dict[str, Axis], last: bool, chosen: dict[str, Any] | None = None) -> dict[str, Any]:
    """One point at an end of the space, for a check: every first value, or every last, beside what is `chosen`."""
    point = dict(chosen or {})
    for name, axis in space.items():
        if axis.exists(point):
            point[name] = axis.ends()[-1 if last else 0]
    return point
