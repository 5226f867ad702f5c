"""One core for the many small matrix products here: threads that wait for each other make them slower, and on a busy
machine many times so. It also keeps the order of summation, and with it the last digit, the same on every machine."""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import cache
from typing import Any


def one_thread() -> AbstractContextManager[Any]:
    """While it is open, NumPy's products use one thread."""
    limit: AbstractContextManager[Any] = _controller().limit(limits=1, user_api="blas")
    return limit


@cache
def _controller() -> Any:
    from threadpoolctl import ThreadpoolController  # scikit-learn's own dependency

    return ThreadpoolController()
