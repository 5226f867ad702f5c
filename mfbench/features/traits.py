"""What an estimator can take. Light, so that a flavor can be asked for its name without loading Polars."""

from __future__ import annotations

import msgspec


class Traits(msgspec.Struct, frozen=True):
    """What an estimator can take, as its flavor knows it."""

    trees: bool = False  # splits on order: no scaling, categories as numbers
    missing: bool = False  # handles NaN by itself
    categorical: bool = False  # takes categories natively, as the first columns of the matrix
