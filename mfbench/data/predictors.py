"""Whether one column alone predicts the target, on held-out rows: then it mostly is the target by another name."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from mfbench.data.leakage import Finding

SAMPLE = 8000  # rows to fit on, and as many to judge by
ENOUGH = 20  # rows of each class to judge by
AUC, BALANCED, R2 = 0.995, 0.99, 0.999
LEAVES = 256


def lone_predictors(
    train: pl.DataFrame, test: pl.DataFrame, target: tuple[pl.Series, pl.Series], classes: int, rows: list[Any]
) -> list[Finding]:
    """train, test: the features as they enter the model, a column each (text or numbers); target: of each.

    classes: how many, 0 for numbers. `rows`: keys or numbers of the test's first rows, as examples. A column counts
    where its ROC AUC (every class against the rest, the worst of them) and its balanced accuracy on the test, or its
    R², reach what no honest column of real data does, by a tree of one column. Give it samples: it fits one a column.
    """
    y, truth = target[0].to_numpy(), target[1].to_numpy()
    if classes and (np.bincount(truth, minlength=classes) < ENOUGH).any():
        return []
    if len(truth) < ENOUGH or (not classes and np.ptp(truth) == 0):
        return []
    found = []
    for name in train.columns:
        x, new = _codes(train[name], test[name])
        told = _class_score(x, y, new, truth, classes) if classes else _number_score(x, y, new, truth)
        if told:
            message = f"{name!r} alone predicts the target ({told} on {len(truth):,} held-out rows): is it known "
            message += "before the outcome, or made from it?"
            found.append(
                Finding(name="predictor", level="alarm", column=name, rows=len(truth), told=message, examples=rows)
            )
    return found


def sample(frame: pl.DataFrame) -> pl.DataFrame:
    """At most SAMPLE rows, always the same."""
    return frame.sample(SAMPLE, seed=0) if frame.height > SAMPLE else frame


def _codes(train: pl.Series, test: pl.Series) -> tuple[Any, Any]:
    """(n, 1) ranks among the training values; what is missing, and text that is new, is -1.

    scikit-learn's trees compute in float32, which large numbers do not fit; to a tree only their order matters.
    """
    if train.dtype == pl.String:
        known = train.drop_nulls().unique().sort()
        if len(known) > LEAVES:  # names and ids: what is learned of one says nothing of another
            return np.zeros((len(train), 1)), np.zeros((len(test), 1))
        how: dict[str, Any] = {"default": -1, "return_dtype": pl.Float64}
        parts = [part.replace_strict(known, range(len(known)), **how).to_numpy() for part in (train, test)]
    else:
        numbers = [part.cast(pl.Float64).to_numpy() for part in (train, test)]
        order = np.unique(numbers[0][np.isfinite(numbers[0])])
        parts = [np.where(np.isfinite(part), np.searchsorted(order, part), -1) for part in numbers]
    return parts[0].reshape(-1, 1), parts[1].reshape(-1, 1)


def _class_score(x: Any, y: Any, new: Any, truth: Any, classes: int) -> str | None:
    from sklearn.metrics import balanced_accuracy_score, roc_auc_score

    tree = _tree(x, y, classifier=True)
    if tree is None:
        return None
    scores = tree.predict_proba(new)
    if scores.shape[1] != classes:
        return None
    guess = tree.classes_[scores.argmax(axis=1)]
    if balanced_accuracy_score(truth, guess) < BALANCED:
        return None
    auc = min(roc_auc_score(truth == code, scores[:, code]) for code in range(classes))
    return f"ROC AUC {auc:.4f}" if auc >= AUC else None


def _number_score(x: Any, y: Any, new: Any, truth: Any) -> str | None:
    from sklearn.metrics import r2_score

    tree = _tree(x, y, classifier=False)
    r2 = r2_score(truth, tree.predict(new)) if tree is not None else 0.0
    return f"R² {r2:.4f}" if r2 >= R2 else None


def _tree(x: Any, y: Any, *, classifier: bool) -> Any:
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    if np.ptp(x) == 0 or len(np.unique(y)) < 2:
        return None
    kind = DecisionTreeClassifier if classifier else DecisionTreeRegressor
    return kind(max_leaf_nodes=LEAVES, min_samples_leaf=2, random_state=0).fit(x, y)
