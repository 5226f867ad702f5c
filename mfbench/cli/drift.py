"""`mfbench drift`: check, list, show, report, audit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mfbench.cli.common import (
    ListingGroup,
    json_option,
    narrate,
    open_bench,
    print_json,
    print_table,
    workspace_option,
)
from mfbench.cli.drift_audit import command as audit
from mfbench.cli.drift_check import check, plain, rendered, write_report

if TYPE_CHECKING:
    from mfbench.drift.findings import Report

EXAMPLES = """\b
Examples:
  mfbench drift check flight-delay january.parquet
  mfbench drift list flight-delay --alarms
  mfbench drift show last --all
  mfbench drift report last
  mfbench drift audit flight-delay

\b
Three questions, kept apart: is a change significant, how large is it, does it matter to the model?"""
SHOW = """\b
Examples:
  mfbench drift show
  mfbench drift show last --window 2024-01-19
  mfbench drift show 20240201-0715 --json

\b
REPORT is a report's id, a unique beginning or end of it, or 'last'."""
REPORT = """\b
Examples:
  mfbench drift report
  mfbench drift report last -o january.html
  mfbench drift report last -o - --format markdown >> "$GITHUB_STEP_SUMMARY"

\b
The page is one file that needs no network and prints well. Without -o it is written to NAME-REPORT.html here,
and Markdown is printed. A report is replaced by a new one; any other file only with --force."""
_EMPTY = "no drift reports yet; the first: mfbench drift check MODEL DATA"


@click.group("drift", cls=ListingGroup, epilog=EXAMPLES)
def command() -> None:
    """Compare what a model meets with what it was tested on. Alone it lists the reports."""


command.add_command(check)
command.add_command(audit)


@command.command("list")
@click.argument("model", required=False)
@click.option("--limit", default=20, show_default=True, type=click.IntRange(min=1), help="Reports that are listed.")
@click.option("--alarms", is_flag=True, help="Only those with an alarm.")
@workspace_option
@json_option
def list_(model: str | None, limit: int, alarms: bool, workspace: str | None, as_json: bool) -> None:
    """List the reports that are kept, newest first."""
    rows = open_bench(workspace).drift_reports(model, limit=limit + 1, alarms=alarms)
    more, rows = len(rows) > limit, rows[:limit]
    if as_json:
        print_json(rows)
        return
    if not rows:
        narrate("no report matches" if model or alarms else _EMPTY)
        return
    table = [
        [row["id"], _model(row), row["windows"], row["alarms"], row["effect"], row["column"], row["matters"],
         row["value"], row["rows"], row["data"], row["source"], row["made"]]
        for row in rows
    ]  # fmt: skip
    columns = [
        "report",
        "model",
        "windows",
        "alarms",
        "effect",
        "column",
        "matters",
        "metric",
        "rows",
        "data",
        "by",
        "made",
    ]
    print_table(columns, table, right=["windows", "alarms", "effect", "metric", "rows"])
    if more:
        narrate(f"the newest {limit:,}; more: --limit {limit * 5}")


@command.command("show", epilog=SHOW)
@click.argument("report", default="last")
@click.option("--window", metavar="NAME", help="This window alone, closely.")
@click.option("--all", "everything", is_flag=True, help="Every column, window and note.")
@workspace_option
@json_option
def show(report: str, window: str | None, everything: bool, workspace: str | None, as_json: bool) -> None:
    """Show a report: the verdict, the three questions, columns, windows, segments."""
    from mfbench.cli.drift_show import find_window
    from mfbench.cli.drift_show import show as print_report

    found = open_bench(workspace).drift_report(report)
    if as_json:
        import msgspec

        print_json(plain(found) if window is None else msgspec.to_builtins(find_window(found, window)))
    else:
        print_report(found, window=window, everything=everything)


@command.command("report", epilog=REPORT)
@click.argument("report", default="last")
@click.option("-o", "--out", metavar="FILE", help=".html or .md; '-' prints it.")
@click.option(
    "--format", "form", type=click.Choice(["html", "markdown"]), help="[default: by FILE's ending, else html]"
)
@click.option("--force", is_flag=True, help="Replace FILE even where it is no report.")
@workspace_option
def report_(report: str, out: str | None, form: Any, force: bool, workspace: str | None) -> None:
    """Write a report as a page: verdict, windows over time, columns beside the reference, quality."""
    from mfbench.api.reporting import refuse_other

    found = open_bench(workspace).drift_report(report)
    if out == "-" or (out is None and form == "markdown"):
        click.echo(rendered(found, form or "html"), nl=False)
        return
    target = Path(out) if out is not None else _default_name(found)
    if not force:
        refuse_other(target)
    write_report(found, target, form)


def _default_name(report: Report) -> Path:
    from mfbench.api.reporting import file_word

    return Path(f"{file_word(report.model)}-{file_word(report.id)}.html")


def _model(row: dict[str, Any]) -> str:
    return row["model"] if row["version"] is None else f"{row['model']}:{row['version']}"
