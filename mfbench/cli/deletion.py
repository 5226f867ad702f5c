"""`mfbench runs delete`, `restore` and `deleted`."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from mfbench.cli.common import json_option, narrate, open_bench, print_json, print_table, printable, workspace_option

if TYPE_CHECKING:
    from mfbench.api.workbench import Workbench

_FEW = 5
DELETE = """\b
Examples:
  mfbench runs delete 20261123-071512123-k3f9a
  mfbench runs delete --where "status = 'failed' and started < now() - interval 30 day" --dry-run
  mfbench runs delete k3f9a m2x7c --reason "wrong data" --yes"""
RESTORE = """\b
Examples:
  mfbench runs restore k3f9a
  mfbench runs deleted"""


@click.command("delete", epilog=DELETE)
@click.argument("runs", nargs=-1)
@click.option("--where", metavar="CONDITION", help="All runs that match, beside those named; as for `runs list`.")
@click.option("--reason", default="", help="Why; kept in the ledger.")
@click.option("--yes", is_flag=True, help="Don't ask.")
@click.option("--dry-run", is_flag=True, help="Only say which runs would be deleted.")
@workspace_option
@json_option
def delete(
    runs: tuple[str, ...],
    where: str | None,
    reason: str,
    yes: bool,
    dry_run: bool,
    workspace: str | None,
    as_json: bool,
) -> None:
    """Delete runs: all that are named, or none.

    They move to the trash and can be brought back until `mfbench gc` takes them, after a day there. A run that is going
    on, or that a version of a model came from, is refused.
    """
    from mfbench.care.deletion import refuse_deletion

    if not runs and where is None:
        raise click.UsageError("name a RUN, or give --where CONDITION")
    bench = open_bench(workspace)
    chosen = _chosen(bench, runs, where)
    refuse_deletion(bench.workspace, chosen)
    if dry_run or not chosen:
        if as_json:
            print_json({"deleted": [], "would_delete": chosen})
        else:
            _tell(chosen, "would be deleted" if chosen else "no run matches")
        return
    if not yes:
        _ask(chosen)
    deleted = bench.delete_runs(chosen, reason)
    if as_json:
        print_json({"deleted": deleted})
        return
    _tell(deleted, "deleted")
    few = " ".join(deleted) if len(deleted) <= _FEW else "RUN …  (mfbench runs deleted lists them)"
    narrate(f"to undo it, before gc empties the trash: mfbench runs restore {few}")


@click.command("restore", epilog=RESTORE)
@click.argument("runs", nargs=-1, required=True)
@click.option("--reason", default="", help="Why; kept in the ledger.")
@workspace_option
@json_option
def restore(runs: tuple[str, ...], reason: str, workspace: str | None, as_json: bool) -> None:
    """Bring deleted runs back from the trash: all that are named, or none."""
    restored = open_bench(workspace).restore_runs(runs, reason)
    if as_json:
        print_json({"restored": restored})
    else:
        _tell(restored, "restored")


@click.command("deleted", epilog=RESTORE)
@workspace_option
@json_option
def deleted(workspace: str | None, as_json: bool) -> None:
    """List the deleted runs that can still be brought back, latest first."""
    from mfbench.core.text import size

    rows = open_bench(workspace).deleted_runs()
    if as_json:
        print_json(rows)
        return
    if not rows:
        narrate("no deleted run is in the trash")
        return
    day = timedelta(days=1)
    table = [
        (row["run"], row["deleted"], size(row["bytes"]), row["trashed"] and row["trashed"] + day, row["actor"],
         row["reason"])
        for row in rows
    ]  # fmt: skip
    print_table(("run", "deleted", "bytes", "gc may take it", "who", "why"), table, right=["bytes"])


def _chosen(bench: Workbench, runs: tuple[str, ...], where: str | None) -> list[str]:
    """Whole ids, so that what is asked about is what is deleted."""
    found = [bench.workspace.find_run(run) for run in runs]
    if where is not None:
        rows, _ = bench.list_runs(where)
        found += sorted(row["run"] for row in rows)
    return list(dict.fromkeys(found))


def _ask(runs: list[str]) -> None:
    from mfbench.core.errors import UsageError
    from mfbench.core.text import plural

    what = f"run {printable(runs[0])}" if len(runs) == 1 else plural(len(runs), "run")
    if not sys.stdin.isatty():
        raise UsageError(
            f"{what} would be deleted, and there is nobody to ask", hint="add --yes, or see with --dry-run"
        )
    if len(runs) > 1:
        more = f", and {len(runs) - _FEW} more" if len(runs) > _FEW else ""
        narrate(printable(", ".join(runs[:_FEW])) + more)
    if not click.confirm(f"Delete {what}?", default=False, err=True):
        raise click.Abort


def _tell(runs: list[str], word: str) -> None:
    from mfbench.core.text import plural

    for run in runs:
        click.echo(printable(run))
    narrate(f"{plural(len(runs), 'run')} {word}" if runs else word)
