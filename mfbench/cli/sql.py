"""`mfbench sql`."""

from __future__ import annotations

import sys
from typing import Any

import click

from mfbench.cli.common import json_option, narrate, open_bench, print_json, print_table, workspace_option
from mfbench.cli.output import (
    SHOWN,
    chosen,
    force_option,
    format_option,
    on_terminal,
    output_option,
    refuse_existing,
    write,
)

EXAMPLES = """\b
Examples:
  mfbench sql "select name, count(*), max(metrics['roc_auc']) from runs group by name"
  mfbench sql "from metrics" --output metrics.parquet
  mfbench sql --file report.sql --format csv > report.csv
  echo "from models" | mfbench sql - --json
  mfbench sql --schema

\b
A query reads the views and changes nothing: it opens no file and no address. It may use half of the machine's
memory. What --schema lists stays; other tables are mfbench's own and change with it."""


@click.command("sql", epilog=EXAMPLES)
@click.argument("query", required=False)
@click.option("--file", "path", metavar="FILE", help="Read the query from FILE ('-' as QUERY: from stdin).")
@click.option("--schema", is_flag=True, help="List the views, what they hold, and their columns.")
@format_option
@output_option
@force_option
@click.option("--limit", type=click.IntRange(min=0), help=f"At most so many rows [default: {SHOWN} on a terminal].")
@workspace_option
@json_option
def command(
    query: str | None,
    path: str | None,
    schema: bool,
    form: str | None,
    output: str | None,
    force: bool,
    limit: int | None,
    workspace: str | None,
    as_json: bool,
) -> None:
    """Query everything recorded, read-only: one SELECT on the views (runs, metrics, steps, gates, models …)."""
    if [query is not None, path is not None, schema].count(True) != 1:
        raise click.UsageError("give either a QUERY, --file or --schema")
    if schema:
        _schema(workspace, as_json or form == "json")
        return
    from mfbench.store.sql import read_only

    form = chosen(form, output, as_json)
    refuse_existing(output, force)
    text = _text(path or "-") if path or query == "-" else str(query)
    short = limit is None and on_terminal(form, output)
    with read_only(open_bench(workspace).workspace, text) as result:
        if short or limit is not None:
            result = result.limit(SHOWN + 1 if limit is None else limit)
        columns, parts = result.batches()
        if not short:
            write(form, output, force, columns, parts)
            return
        rows = list(parts)
    _first(columns, rows)


def _first(columns: Any, rows: list[Any]) -> None:
    """A terminal shows the first rows, and says so."""
    import pyarrow as pa

    table = pa.Table.from_batches(rows, columns)
    write("table", None, False, columns, table.slice(0, SHOWN).to_batches())
    if table.num_rows > SHOWN:
        narrate(f"the first {SHOWN} rows; --limit N shows more, --output FILE takes all")


def _text(path: str) -> str:
    from mfbench.core.errors import UsageError, from_os

    try:
        with click.open_file(path, encoding="utf-8") as stream:
            return str(stream.read())
    except UnicodeDecodeError:
        raise UsageError("the query is not UTF-8 text", where=path) from None
    except (FileNotFoundError, IsADirectoryError) as error:
        raise UsageError(f"the query cannot be read: {error.strerror}", where=path) from None
    except OSError as error:
        raise from_os(error, "the query cannot be read") from error


def _schema(workspace: str | None, as_json: bool) -> None:
    from mfbench.store.sql import schema

    rows = schema(open_bench(workspace).workspace)
    if as_json:
        print_json(rows)
        return
    if not sys.stdout.isatty():
        print_table(list(rows[0]), [tuple(row.values()) for row in rows])
        return
    for view, about in {row["view"]: row["about"] for row in rows}.items():
        columns = ", ".join(f"{row['column']} {row['type']}" for row in rows if row["view"] == view)
        click.echo(f"{view}: {about}")
        click.echo(click.formatting.wrap_text(columns, initial_indent="    ", subsequent_indent="    "))
