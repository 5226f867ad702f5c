"""``python -m benchmarks.drift_numbers``: the error rates of drift checks on real data and in simulated streams.

How often is a window called changed in which nothing changed; what is seen of a change that is known to be there; how
long from one false alarm to the next. Other seeds: --seed. About four minutes.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from benchmarks import drift_census, drift_others, drift_streams
from benchmarks.drift_tables import Table, show

PARTS: dict[str, Callable[[int, int], list[Table]]] = {
    "census": drift_census.measure,
    "labels": lambda seed, windows: drift_census.labels(seed),  # noqa: ARG005
    "clusters": drift_others.clusters,
    "flights": lambda seed, windows: drift_others.flights(),  # noqa: ARG005
    "segment": drift_others.segment,
    "streams": lambda seed, windows: drift_streams.measure(seed, 8 * windows),
}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.drift_numbers", description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--windows", type=int, default=1000, help="unchanged windows of each kind (default 1000)")
    parser.add_argument("--only", action="append", choices=list(PARTS), help="this part (may be repeated)")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args(arguments)
    failed, tables = False, []
    console = Console(width=None if sys.stdout.isatty() else 160)
    for name in options.only or PARTS:
        began = time.perf_counter()
        try:
            found = PARTS[name](options.seed, options.windows)
        except Exception as error:  # the other parts go on
            console.print(f"failed: {name}: {error}", style="red", markup=False)
            failed = True
            continue
        for table in found:
            show(table, console)
        tables += found
        print(f"{name}: {time.perf_counter() - began:.0f} s", file=sys.stderr)
    if options.json is not None:
        document = {"seed": options.seed, "tables": [table.as_dict() for table in tables]}
        options.json.write_text(
            json.dumps(document, indent=2, default=str, ensure_ascii=False) + "\n", encoding="utf-8"
        )
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
