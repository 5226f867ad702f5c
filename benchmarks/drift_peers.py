"""What Evidently and NannyML do with the same rows, in an interpreter of their own.

    python -m benchmarks.drift_peers evidently|preset|nannyml REFERENCE WINDOW

``evidently``: PSI, Jensen-Shannon and KS or chi-square of each column; ``preset``: its DataDriftPreset as it comes (one
distance a column, and what its report draws). ``nannyml``: its univariate calculator, fitted on the reference and
asked for one chunk: Jensen-Shannon and KS or chi-square; it has no PSI.
"""

from __future__ import annotations

import importlib
import os
import sys
import warnings
from collections.abc import Callable
from typing import Any

from benchmarks.drift_data import CATEGORIES, NUMBERS
from benchmarks.drift_timing import tell

METHODS = {**dict.fromkeys(NUMBERS, ("psi", "jensenshannon", "ks")),
           **dict.fromkeys(CATEGORIES, ("psi", "jensenshannon", "chisquare"))}  # fmt: skip


def evidently(reference: Any, window: Any) -> object:
    drift = importlib.import_module("evidently.metrics").ValueDrift
    return _report([drift(column=name, method=method) for name, all in METHODS.items() for method in all],
                   reference, window)  # fmt: skip


def preset(reference: Any, window: Any) -> object:
    return _report([importlib.import_module("evidently.presets").DataDriftPreset()], reference, window)


def _report(metrics: list[Any], reference: Any, window: Any) -> object:
    library = importlib.import_module("evidently")
    definition = library.DataDefinition(numerical_columns=list(NUMBERS), categorical_columns=list(CATEGORIES))
    sides = [library.Dataset.from_pandas(frame, data_definition=definition) for frame in (window, reference)]
    told: object = library.Report(metrics).run(*sides).dict()
    return told


def nannyml(reference: Any, window: Any) -> object:
    os.environ["NML_DISABLE_USAGE_LOGGING"] = "1"
    calculator = importlib.import_module("nannyml").UnivariateDriftCalculator(
        column_names=[*NUMBERS, *CATEGORIES], chunk_number=1,
        continuous_methods=["jensen_shannon", "kolmogorov_smirnov"], categorical_methods=["jensen_shannon", "chi2"],
    )  # fmt: skip
    calculator.fit(reference)
    told: object = calculator.calculate(window).to_df()
    return told


CONTESTANTS: dict[str, Callable[[Any, Any], object]] = {"evidently": evidently, "preset": preset, "nannyml": nannyml}

if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    work = CONTESTANTS[sys.argv[1]]
    read = importlib.import_module("pandas").read_parquet
    sides = [read(path) for path in sys.argv[2:]]
    tell(lambda: work(*sides), warm=lambda: work(*(side.head(1000) for side in sides)))
