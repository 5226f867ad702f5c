"""`mfbench check`."""

from __future__ import annotations

import click

from mfbench.cli.common import json_option, print_json, print_table, printable

EXAMPLES = "\b\nExamples:\n  mfbench check recipes/flight-delay.toml\n  mfbench check mine.toml --set data.target=price"


@click.command("check", epilog=EXAMPLES)
@click.argument("recipe", type=click.Path(dir_okay=False))
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Lay a value over the recipe; repeatable.")
@json_option
def command(recipe: str, overrides: tuple[str, ...], as_json: bool) -> int:
    """Check a recipe against its data without running it, and show what it would do.

    Nothing is written. Exit code 2 for a wrong recipe, 3 when the data fails a check.
    """
    import msgspec

    from mfbench.api.running import check_recipe

    report = check_recipe(recipe, overrides)
    alarms = [told for level, told in report.leaks if level == "alarm"]
    code = 3 if report.failed_checks or (alarms and report.refuses_leaks) else 0
    if as_json:
        print_json({"recipe": recipe, "ok": not code, **msgspec.to_builtins(report)})
        return code
    dropped = f" ({report.dropped:,} without a target are dropped)" if report.dropped else ""
    click.echo(f"rows: {report.rows:,}{dropped}")
    if report.classes:
        total = sum(report.classes.values())
        click.echo("classes: " + ", ".join(f"{k} {v:,} ({v / total:.1%})" for k, v in report.classes.items()))
    click.echo("split: " + ", ".join(f"{part} {count:,}" for part, count in report.parts.items()))
    click.echo(f"estimator: {report.estimator}; metrics: {', '.join(report.metrics)}")
    if report.search:
        click.echo(f"search: {report.search}")
    print_table(("feature", "kind", "why"), report.columns)
    for name in report.failed_checks:
        click.echo(f"data check fails: {name}", err=True)
    for level, told in report.leaks:
        click.echo(f"{'leakage' if level == 'alarm' else 'note'}: {printable(told)}", err=True)
    if not code:
        click.echo("the recipe is right")
    return code
