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

from benchmarks import cold_start, drift, executors, metrics, recipe, report, screen, search, steps, store
from benchmarks.model import OURS, Measure, Row
from benchmarks.peers import DRIFT, HERE, SCREEN, TRACKING, Peers, ensure_peers
from benchmarks.timing import BenchError

GROUPS = ("cold-start", "metrics", "steps", "recipe", "search", "store", "executors", "drift", "screen")
PINS = {"drift": DRIFT, "screen": SCREEN}  # groups with peers of their own
ALONE = ("recipe", "search", "executors")  # groups without peers
BUSY = 0.25  # of the cores


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--json", type=Path, default=HERE / "results.json", metavar="FILE")
    parser.add_argument("--no-peers", action="store_true", help="measure mfbench alone")
    parser.add_argument("--only", action="append", choices=GROUPS, help="measure this group (may be repeated)")
    parser.add_argument("--full", action="store_true", help="drift: 50 million rows too (2 GB of disk, minutes)")
    return parser.parse_args(arguments)


def measure(group: str, peers: Peers | None, scratch: Path, full: bool) -> list[Row]:
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
        case "screen":
            return screen.measure(peers, scratch)
        case "drift":
            return drift.measure(peers, scratch, full=full)
        case _:
            return recipe.measure(scratch)


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmarks; return the exit status."""
    options = parse(arguments)
    console = Console(width=None if sys.stdout.isatty() else 160)
    groups = options.only or GROUPS
    peers: dict[str, Peers] = {}
    no_peers_because: list[str] = []
    for group in () if options.no_peers else groups:
        try:
            if group not in ALONE:
                peers[group] = ensure_peers(PINS.get(group, TRACKING))
        except BenchError as error:
            no_peers_because.append(str(error))
    load = os.getloadavg()[0]
    if load > BUSY * (os.cpu_count() or 1):
        print(f"the machine is busy (load {load:.1f}): the figures will show it", file=sys.stderr)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="mfbench-bench-") as scratch:
        for group in groups:
            try:
                rows += measure(group, peers.get(group), Path(scratch), options.full)
            except BenchError as error:
                rows.append(Row(group, "s", Measure(OURS, error=str(error))))
    report.print_table(rows, console)
    versions = {name: version for each in peers.values() for name, version in each.versions.items()}
    report.write_json(rows, versions, load, options.json)
    for told in dict.fromkeys(no_peers_because):
        console.print(f"failed: peers: {told}", style="red", markup=False)
    return 1 if no_peers_because or any(row.errors for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
