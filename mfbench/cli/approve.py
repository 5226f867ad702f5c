"""`mfbench models approve`."""

from __future__ import annotations

import sys

import click

from mfbench.cli.common import json_option, narrate, open_bench, print_json, printable, workspace_option
from mfbench.core.text import plural


@click.command("approve")
@click.argument("run")
@click.option("--reason", required=True, help="Why; kept in the ledger.")
@click.option("--alias", help="An alias that the new version takes over, e.g. champion.")
@click.option("--yes", is_flag=True, help="Do not ask on a terminal.")
@workspace_option
@json_option
def approve(run: str, reason: str, alias: str | None, yes: bool, workspace: str | None, as_json: bool) -> None:
    """Register the model of RUN, which its gates have refused. The ledger says who did it, why, and over which gates.

    RUN is a run's id, the beginning or end of one, or 'last'.
    """
    from mfbench.registry.approval import refusal

    bench = open_bench(workspace)
    found = bench.workspace.find_run(run)
    over = [gate["name"] for gate in refusal(bench.registry, found).gates if not gate["passed"]]
    if not yes and sys.stdin.isatty():
        narrate(f"run {found} was refused by: {printable('; '.join(over))}")
        click.confirm("register its model all the same?", abort=True, err=True)
    approved = bench.approve(found, reason, alias)
    if as_json:
        print_json({**approved, "overrides": over})
    else:
        narrate(f"{approved['name']}:{approved['version']} is registered over {plural(len(over), 'gate')}")
        click.echo(f"{approved['name']}:{approved['version']}")
