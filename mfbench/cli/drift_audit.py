"""`mfbench drift audit`: can the alarms be trusted, and what would they see?"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mfbench.cli.common import json_option, narrate, open_bench, print_json, print_table, workspace_option

if TYPE_CHECKING:
    from mfbench.drift.audited import Audit

EXAMPLES = """\b
Examples:
  mfbench drift audit flight-delay
  mfbench drift audit flight-delay --window 2000 --min-effect 0.05
  mfbench drift audit flight-delay:3 --size 1000 --size 5000 --out audit.html
  mfbench drift audit ./bundle --json

\b
MODEL is a name (its champion, else its only version), NAME@ALIAS, NAME:VERSION, or a bundle's folder written
with a slash. The rows that the model was tested on are replayed: windows in which nothing changed (how often is
an alarm raised all the same?), and windows with a shift put in (is it seen?). Nothing is kept."""


@click.command("audit", epilog=EXAMPLES)
@click.argument("model")
@click.option("--window", metavar="1d|ROWS", help="The window that is to be judged [default: the model's].")
@click.option("--level", type=click.FloatRange(0, 1, min_open=True, max_open=True), help="Of a false find in a window.")
@click.option("--min-effect", type=click.FloatRange(0, 1), help="Share of the rows that has to move for an alarm.")
@click.option("--false-alarms", metavar="RATE", help="Of a series: 1/year, 2/month, 1/1000 (windows).")
@click.option("--windows", default=1000, show_default=True, type=click.IntRange(20, 100_000), help="To replay.")
@click.option("--size", "sizes", multiple=True, type=click.IntRange(1), metavar="ROWS", help="Of a window; repeatable.")
@click.option("--seed", default=0, show_default=True, help="The same seed gives the same audit.")
@click.option("-o", "--out", metavar="FILE.html", help="Also write it as a page.")
@click.option("--force", is_flag=True, help="Replace FILE even where it is no report.")
@workspace_option
@json_option
def command(model: str, out: str | None, force: bool, workspace: str | None, as_json: bool, **options: Any) -> None:
    """Replay a model's own test rows: how often is there a false alarm, and what would be seen?"""
    from mfbench.api import reporting

    if out and not force:
        reporting.refuse_other(Path(out))
    audit = _audited(model, workspace, options)
    if out:
        from mfbench.report.drift.audit import render_html

        reporting.write(Path(out), render_html(audit))
    if as_json:
        import msgspec

        print_json(msgspec.to_builtins(audit))
    else:
        show(audit)
    if out:
        narrate(f"page: {out}")


def _audited(model: str, workspace: str | None, options: dict[str, Any]) -> Audit:
    from mfbench.cli.telling import telling

    with telling() as tell:
        if os.sep in model:
            from mfbench.api.drifting import audit_bundle

            return audit_bundle(model, tell=tell, **options)
        return open_bench(workspace).drift_audit(model, tell=tell, **options)


def show(audit: Audit) -> None:
    """For people, on stdout: what it comes to, then the figures."""
    from mfbench.cli.common import printable
    from mfbench.report.drift.audit_tables import UNCHANGED, seen, unchanged

    for line in audit.conclusion:
        click.echo(printable(line))
    for note in audit.notes:
        click.echo(f"note: {printable(note)}")
    click.echo("\nunchanged windows")
    print_table(UNCHANGED, unchanged(audit))
    click.echo("\nshifts put in: share of windows that are significant / alarm")
    print_table(*seen(audit))
