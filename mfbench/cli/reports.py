"""`mfbench runs report` and `mfbench runs compare`."""

from __future__ import annotations

from typing import Any

import click

from mfbench.cli.common import json_option, narrate, open_bench, print_json, print_table, waiting, workspace_option

REPORT = """\b
Examples:
  mfbench runs report last
  mfbench runs report last -o report.html
  mfbench runs report a1b2 --format markdown >> "$GITHUB_STEP_SUMMARY"
  mfbench runs report last --json

\b
The page is one file that needs no network and prints well. Without -o it is written to NAME-RUN.html here,
and Markdown is printed. A report is replaced by a new one; any other file only with --force."""
COMPARE = """\b
Examples:
  mfbench runs compare a1b2 last
  mfbench runs compare a1b2 c3d4 e5f6 --format markdown
  mfbench runs compare a1b2 last --json

\b
The first run is what the others are compared with."""


@click.command("report", epilog=REPORT)
@click.argument("run")
@click.option("-o", "--output", metavar="FILE", help=".html or .md; '-' prints it.")
@click.option(
    "--format", "form", type=click.Choice(["html", "markdown"]), help="[default: by FILE's ending, else html]"
)
@click.option("--force", is_flag=True, help="Replace FILE even where it is no report.")
@workspace_option
@json_option
def report(run: str, output: str | None, form: Any, force: bool, workspace: str | None, as_json: bool) -> None:
    """Write the report of a run: quality with its uncertainty, gates, weak spots, search, data, provenance."""
    from mfbench.api import reporting

    bench = open_bench(workspace)
    if as_json:
        if output is not None or form is not None:
            raise click.UsageError("--json prints the figures of the report: it goes without -o and --format")
        print_json(reporting.values(bench, run))
        return
    printed = output == "-" or (output is None and form == "markdown")
    target = None if printed else output or reporting.default_name(bench, run)
    with waiting("making the report"):
        made = reporting.report(bench, run, target, form, force=force)
    if printed:
        click.echo(made, nl=False)
    else:
        narrate(f"report: {made}")


@click.command("compare", epilog=COMPARE)
@click.argument("runs", nargs=-1, required=True)
@click.option("--format", "form", type=click.Choice(["table", "markdown"]), default="table", show_default=True)
@workspace_option
@json_option
def compare(runs: tuple[str, ...], form: str, workspace: str | None, as_json: bool) -> None:
    """Compare 2 to 8 runs: metrics with their intervals, gates, params, data, code."""
    found = open_bench(workspace).compare(runs)
    if as_json:
        print_json(found)
    elif form == "markdown":
        from mfbench.report.markdown import render_comparison

        click.echo(render_comparison(found), nl=False)
    else:
        _print(found)


def _print(found: dict[str, Any]) -> None:
    """Tables on stdout, remarks on stderr."""
    from mfbench.report.blocks import Cell, Notes, Table
    from mfbench.report.comparison import sections

    for i, section in enumerate(sections(found)):
        click.echo(f"{chr(10) if i else ''}{section.title.lower()}")
        for block in section.blocks:
            if isinstance(block, Table):
                rows = [[cell.text if isinstance(cell, Cell) else cell for cell in row] for row in block.rows]
                print_table(block.columns, rows, right=block.columns[block.left :])
            elif isinstance(block, Notes):
                for note in block.items:
                    narrate(note)
