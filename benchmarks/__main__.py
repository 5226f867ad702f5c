"""``python -m benchmarks``: measure mfbench beside its peers, print a table, write JSON.

Exits with 1 if anything could not be measured. A target that is missed is shown as
such and does not change the exit status: absolute figures move with the machine.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from benchmarks import cold_start, executors, metrics, recipe, report, search, steps, store
from benchmarks.model import OURS, Measure, Row
from benchmarks.peers import HERE, Peers, ensure_peers
from benchmarks.timing import BenchError

GROUPS = ("cold-start", "metrics", "steps", "recipe", "search", "store", "executors")
BUSY = 0.25  # of the cores


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--json", type=Path, default=HERE / "results.json", metavar="FILE")
    parser.add_argument("--no-peers", action="store_true", help="measure mfbench alone")
    parser.add_argument("--only", action="append", choices=GROUPS, help="measure this group (may be repeated)")
    return parser.parse_args(arguments)


def measure(group: str, peers: Peers | None, scratch: Path) -> list[Row]:
    """Measure one group of rows."""
    print(f"measuring {group} ...", file=sys.stderr)
    match group:
        case "cold-start":
            return cold_start.measure(peers)
        case "metrics":
            return metrics.measure(peers, scratch)
        case "steps":
            return steps.measure(peers, scratch)
        case "search":
            return search.measure(scratch)
        case "store":
            return store.measure(peers, scratch)
        case "executors":
            return executors.measure(scratch)
        case _:
            return recipe.measure(scratch)


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmarks; return the exit status."""
    options = parse(arguments)
    console = Console(width=None if sys.stdout.isatty() else 160)
    peers, no_peers_because = None, None
    if not options.no_peers:
        try:
            peers = ensure_peers()
        except BenchError as error:
            no_peers_because = str(error)
    load = os.getloadavg()[0]
    if load > BUSY * (os.cpu_count() or 1):
        print(f"the machine is busy (load {load:.1f}): the figures will show it", file=sys.stderr)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="mfbench-bench-") as scratch:
        for group in options.only or GROUPS:
            try:
                rows += measure(group, peers, Path(scratch))
            except BenchError as error:
                rows.append(Row(group, "s", Measure(OURS, error=str(error))))
    report.print_table(rows, console)
    report.write_json(rows, peers.versions if peers else {}, load, options.json)
    if no_peers_because is not None:
        console.print(f"failed: peers: {no_peers_because}", style="red", markup=False)
    return 1 if no_peers_because or any(row.errors for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
