"""`mfbench monitor`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from mfbench.cli.common import json_option, narrate, open_bench, print_json, printable, workspace_option

if TYPE_CHECKING:
    from mfbench.drift.findings import Window
    from mfbench.monitoring.watch import Pass

EXAMPLES = """\b
Examples:
  mfbench monitor flight-delay                       # what was captured since the last pass
  mfbench monitor flight-delay --data incoming/ --every 10m
  mfbench monitor flight-delay --data 'days/*.parquet' --window 1d --json

\b
A window is judged once it is complete: a number of rows when they are there, a time when a later row or the
clock has passed its end. Alerts and mitigation are set in config.toml, [monitor.models.NAME]. It may be killed
at any point and goes on where it was.

\b
Exit codes: 0 no alarm, 3 an alarm in this pass (not with --every), 2 a wrong request, 130 Ctrl-C."""


@click.command("monitor", epilog=EXAMPLES)
@click.argument("model")
@click.option("--data", multiple=True, metavar="DATA", help="Folder, glob or file [default: as configured].")
@click.option("--every", metavar="TIME", help="Again and again, '10m' after each other, until Ctrl-C.")
@click.option("--window", metavar="W", help="A time ('1d') or rows ('5000') [default: 5000].")
@click.option("--time", metavar="COLUMN", help="When a row happened.")
@click.option("--label", metavar="COLUMN", help="What really was, where the data holds it.")
@click.option("--labels", metavar="FILE", help="Labels that came later, joined by the model's key.")
@click.option("--separator", metavar="C", help="Between a CSV's columns [default: as in the training data].")
@click.option("--level", type=float, metavar="P", help="Chance of a false find in one window [default: 0.01].")
@click.option("--min-effect", type=float, metavar="SHARE", help="Share of rows that has to move [default: 0.1].")
@click.option("--false-alarms", metavar="RATE", help="'1/year', '2/month' or '1/1000' windows.")
@click.option("--margin", type=float, metavar="X", help="What of the metric may be lost.")
@click.option("--metric", metavar="NAME", help="The metric that matters [default: the model's first].")
@workspace_option
@json_option
def command(
    model: str, data: tuple[str, ...], every: str | None, workspace: str | None, as_json: bool, **options: Any
) -> int:
    """Watch newly arrived data of MODEL: judge complete windows, keep reports, raise alerts."""
    pause = _seconds(every) if every is not None else None
    bench = open_bench(workspace)
    from mfbench.monitoring.watch import Monitor

    given = {name: value for name, value in options.items() if value is not None}
    tell = lambda text: narrate(printable(text))  # noqa: E731
    with Monitor(bench.workspace, model, list(data) or None, given, tell) as monitor:
        if pause is None:
            done = monitor.once()
            _show(done, as_json, [])
            return 3 if done.alarms else 0
        before: list[str] = []
        for done in monitor.again(pause):
            _show(done, as_json, before)
            before = done.waiting
    return 0


def _seconds(text: str) -> float:
    from mfbench.core.errors import UsageError
    from mfbench.core.text import parse_duration

    try:
        found = parse_duration(text)
    except ValueError as error:
        raise UsageError(f"--every: {error}") from None
    if found < 1:
        raise UsageError("--every: at least a second", hint="for example --every 10m")
    return found


def _show(done: Pass, as_json: bool, before: list[str]) -> None:
    """One line for each new window: data. What it waits for, where it is not what was said before: narration."""
    for window in done.windows:
        if as_json:
            print_json(_plain(done, window))
        else:
            click.echo(_line(window))
    if as_json and not done.windows:
        print_json({"report": done.report.id if done.report else None, "window": None, "waiting": done.waiting})
    for text in done.waiting if done.waiting != before else ():
        narrate(printable(text))


def _plain(done: Pass, window: Window) -> dict[str, Any]:
    quality = window.quality
    return {
        "report": done.report.id if done.report else None, "window": window.name, "rows": window.rows,
        "verdict": window.verdict, "significant": window.significant, "p": window.p, "effect": window.effect,
        "column": window.column, "statistic": window.look.statistic if window.look else None,
        "threshold": window.look.threshold if window.look else None,
        "matters": quality.matters if quality else None, "told": quality.told if quality else None,
        "needed": window.needed, "notes": window.notes,
    }  # fmt: skip


def _line(window: Window) -> str:
    """'alarm    2026-11-01  4,812 rows  31 % of rows (carrier)  worse: …'."""
    parts = [f"{window.verdict:<9}", printable(window.name).replace("\n", " "), f"{window.rows:,} rows"]
    if window.effect is not None and window.significant:
        column = printable(window.column or "all columns together").replace("\n", " ")
        parts.append(f"{window.effect:.0%} of rows moved ({column})")
    if window.verdict == "too small" and window.needed:
        parts.append(f"{window.needed:,} needed")
    if window.quality:
        parts.append(printable(window.quality.told).replace("\n", " "))
    return "  ".join(parts)
