"""Estimators of a user's own, for champions that cannot be trusted or asked."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression, Ridge


class Odd(LogisticRegression):
    """Of a type that mfbench does not know."""


class Broken(Ridge):
    def predict(self, x: Any) -> Any:
        raise ZeroDivisionError("broken")


class Silent(Ridge):
    def predict(self, x: Any) -> Any:
        return np.full(len(x), np.nan)
