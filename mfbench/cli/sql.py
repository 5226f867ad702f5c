"""`mfbench sql`."""

from __future__ import annotations

import click

from mfbench.cli.common import json_option, open_bench, print_json, print_table, workspace_option

EXAMPLES = """\b
Examples:
  mfbench sql "select name, count(*), max(metrics['roc_auc']) from runs group by name"
  mfbench sql --schema"""


@click.command("sql", epilog=EXAMPLES)
@click.argument("query", required=False)
@click.option("--schema", is_flag=True, help="List the views and their columns.")
@workspace_option
@json_option
def command(query: str | None, schema: bool, workspace: str | None, as_json: bool) -> None:
    """Query everything recorded, read-only: one SELECT on the views (runs, metrics, steps, gates, models …)."""
    from mfbench.store.sql import read_only
    from mfbench.store.sql import schema as read_schema

    home = open_bench(workspace).workspace
    if schema == (query is not None):
        raise click.UsageError("give either a QUERY or --schema")
    if schema:
        views = read_schema(home)
        columns, rows = ["view", "column", "type"], [tuple(row.values()) for row in views]
    else:
        with read_only(home, query or "") as result:
            columns, rows = list(result.columns), result.fetchall()
    if as_json:
        print_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        print_table(columns, rows)
