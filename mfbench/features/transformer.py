"""The part of the feature path that is fitted: scikit-learn's encoders, by what a column needs."""

from __future__ import annotations

from typing import Any

from mfbench.features.columns import Column
from mfbench.features.traits import Traits

MOST_CATEGORIES = 254  # what histogram-based trees can tell apart in one column


def part_names(column: Column, columns: list[Column]) -> list[str]:
    """'day.month': the parts of a date, told apart from columns that are called so themselves."""
    taken = {other.name for other in columns}
    names = (f"{column.name}.{part}" for part in column.parts)
    return [f"{name} (part)" if name in taken else name for name in names]


def make_transformer(columns: list[Column], traits: Traits) -> Any:
    """One encoder for all columns that are encoded alike: a table of a thousand columns needs no thousand fits."""
    from sklearn.compose import ColumnTransformer

    groups: dict[tuple[Any, ...], list[str]] = {}
    for column in sorted(columns, key=lambda column: column.kind != "categorical" or column.encode != "ordinal"):
        if column.kind == "categorical":
            groups.setdefault((column.encode, column.min_frequency), []).append(column.name)
        else:
            groups.setdefault((column.impute, column.scale), []).extend(part_names(column, columns) or [column.name])
    entries = []
    for i, ((first, second), names) in enumerate(groups.items()):
        if first == "ordinal":
            encoder = _ordinal(second, traits)
        else:
            encoder = _onehot(second) if first == "onehot" else _number(first, second)
        entries.append((str(i), encoder, names))  # numbered: scikit-learn refuses some of the names that columns have
    return ColumnTransformer(entries, sparse_threshold=0.0, remainder="drop")


def _onehot(min_frequency: int | None) -> Any:
    from sklearn.preprocessing import OneHotEncoder

    return OneHotEncoder(
        handle_unknown="infrequent_if_exist",
        min_frequency=min_frequency,
        max_categories=MOST_CATEGORIES,
        sparse_output=False,
    )


def _ordinal(min_frequency: int | None, traits: Traits) -> Any:
    import numpy as np
    from sklearn.preprocessing import OrdinalEncoder

    # A missing value is a category of its own where training has met one, else it is as unknown as a new one.
    return OrdinalEncoder(
        handle_unknown="use_encoded_value",
        unknown_value=np.nan if traits.missing else -1,
        min_frequency=min_frequency,
        max_categories=MOST_CATEGORIES,
    )


def _number(impute: str | None, scale: str | None) -> Any:
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler

    steps: list[tuple[str, Any]] = []
    if impute != "none":
        strategy = "constant" if impute == "zero" else impute
        fill = 0.0 if impute == "zero" else None
        imputer = SimpleImputer(strategy=strategy, fill_value=fill, add_indicator=True, keep_empty_features=True)
        steps.append(("impute", imputer))
    if scale == "standard":
        steps.append(("scale", StandardScaler()))
    return Pipeline(steps) if steps else "passthrough"
