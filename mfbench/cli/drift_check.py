"""`mfbench drift check`, and how a report is written out."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mfbench.cli.common import json_option, narrate, open_bench, print_json, waiting, workspace_option

if TYPE_CHECKING:
    from mfbench.drift.findings import Report

CHECK = """\b
Examples:
  mfbench drift check flight-delay january.parquet
  mfbench drift check flight-delay:2 'flights/*.csv' --window 1d --time sched_dep
  mfbench drift check flight-delay capture/ --window 5000 --labels delays.csv
  mfbench drift check ./bundle january.parquet --out january.html

\b
MODEL is a name (its champion, else its only version), NAME@ALIAS, NAME:VERSION, or a bundle's folder.
DATA are files, globs or folders of CSV, Parquet or JSON lines, or captured requests. What is not given here is
as [monitor] of the configuration or of the model's recipe says.

\b
Exit codes: 0 no alarm, 3 an alarm: significant, and an effect of at least --min-effect."""


@click.command("check", epilog=CHECK)
@click.argument("model")
@click.argument("data", nargs=-1, required=True)
@click.option("--window", metavar="W", help="A time ('1d', needs a time column), rows ('5000') or 'all'.")
@click.option("--time", metavar="COLUMN", help="When a row happened.")
@click.option("--label", metavar="COLUMN", help="What really was, where DATA holds it [default: the model's target].")
@click.option("--labels", metavar="FILE", help="Labels that came later, joined by the model's key.")
@click.option("--separator", metavar="C", help="Between a CSV's columns [default: as in the training data].")
@click.option("--level", type=float, metavar="P", help="Chance of a false find in one window [default: 0.01].")
@click.option("--min-effect", type=float, metavar="SHARE", help="Share of rows that has to move [default: 0.1].")
@click.option("--false-alarms", metavar="RATE", help="Of windows that keep coming: '1/year', '1/1000'.")
@click.option("--margin", type=float, metavar="X", help="What of the metric may be lost [default: 0.01].")
@click.option("--metric", metavar="NAME", help="The metric that matters [default: the model's first].")
@click.option("--exact", is_flag=True, help="Kolmogorov-Smirnov on rows instead of on 256 cells.")
@click.option("--joint/--no-joint", default=None, help="All columns at once [default: of one window, of alarms].")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of what is drawn at random.")
@click.option("-o", "--out", metavar="FILE", help="Also write the report: .html or .md.")
@click.option("--force", is_flag=True, help="Replace FILE even where it is no report.")
@click.option("--no-save", is_flag=True, help="Do not keep the report with the model.")
@workspace_option
@json_option
def check(
    model: str, data: tuple[str, ...], out: str | None, force: bool, no_save: bool,
    workspace: str | None, as_json: bool, **options: Any,
) -> None:  # fmt: skip
    """Compare DATA with the rows that MODEL was tested on."""
    from mfbench.cli.drift_show import show as print_report
    from mfbench.cli.telling import telling

    if out is not None:
        from mfbench.api.reporting import refuse_other

        if not force:
            refuse_other(Path(out))
    given: Any = data[0] if len(data) == 1 else list(data)
    kept = not no_save
    with waiting("looking at the data"), telling() as tell:
        if os.sep in model:
            from mfbench.api.drifting import check_bundle

            found, kept = check_bundle(Path(model), given, tell=tell, **options), False
        else:
            found = open_bench(workspace).drift_check(model, given, keep=kept, tell=tell, **options)
    if as_json:
        print_json(plain(found))
    else:
        print_report(found)
    if out is not None:
        write_report(found, Path(out), None)
    if os.sep in model:
        narrate("not kept: the reports of registered models are")
    elif kept:
        narrate(f"kept as {found.id}; more: mfbench drift show --all, mfbench drift report")
    click.get_current_context().exit(3 if found.alarms else 0)


def plain(report: Report) -> dict[str, Any]:
    """As JSON has it: all but what `monitor` goes on from, which tells people nothing."""
    import msgspec

    values: dict[str, Any] = msgspec.to_builtins(report)
    values.pop("state", None)
    return values


def write_report(report: Report, target: Path, form: str | None) -> None:
    """form: html or markdown, by default as the file's ending says."""
    from mfbench.api.reporting import FORMATS, write

    with waiting("making the report"):
        write(target, rendered(report, form or FORMATS.get(target.suffix.lower(), "html")))
    narrate(f"report: {target}")


def rendered(report: Report, form: str) -> str:
    """The page, or the comment."""
    from mfbench.report.drift.page import render_html, render_markdown

    return render_markdown(report) if form == "markdown" else render_html(report)
