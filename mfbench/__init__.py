"""mfbench: a terminal workbench for the whole life of a model.

The public names are loaded on first use, so that `import mfbench` costs next to nothing:

>>> import mfbench
>>> with mfbench.start_run("baseline") as run:  # doctest: +SKIP
...     run.log_metric("loss", 0.31, step=1)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mfbench.core.about import __version__

__all__ = ["MfbenchError", "Run", "Workbench", "__version__", "secret", "start_run"]

_HOMES = {
    "MfbenchError": "mfbench.core.errors",
    "Run": "mfbench.tracking.run",
    "Workbench": "mfbench.api.workbench",
    "secret": "mfbench.recipe.environment",
    "start_run": "mfbench.tracking.run",
}

if TYPE_CHECKING:
    from mfbench.api.workbench import Workbench
    from mfbench.core.errors import MfbenchError
    from mfbench.recipe.environment import secret
    from mfbench.tracking.run import Run, start_run


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'mfbench' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
