"""`mfbench doctor`."""

from __future__ import annotations

import shutil

import click

from mfbench.cli.common import cell, json_option, print_json, workspace_option


@click.command("doctor")
@workspace_option
@json_option
def command(workspace: str | None, as_json: bool) -> int:
    """Say which versions are installed, where things are, and whether the workspace is whole.

    Exit code 1 when something is damaged.
    """
    from mfbench.core import plugins
    from mfbench.core.versions import version
    from mfbench.engine.provenance import machine
    from mfbench.workspace.workspace import find

    names = ("duckdb", "msgspec", "numpy", "optuna", "polars", "pyarrow", "scikit-learn", "skops", "textual", "docker")
    home = find(named=workspace)
    problems = _look(home) if home else []
    report = {
        **machine(),
        "versions": {name: version(name) for name in names},
        "executors": plugins.names("mfbench.executors"),
        "flavors": plugins.names("mfbench.flavors"),
        "workspace": str(home.root) if home else None,
        "free_bytes": shutil.disk_usage(home.root).free if home else None,
        "runs": sum(1 for _ in home.runs.iterdir()) if home and home.runs.is_dir() else 0,
        "problems": problems,
    }
    if as_json:
        print_json(report)
        return 1 if problems else 0
    for key, value in report.items():
        if isinstance(value, dict):
            for name, found in value.items():
                click.echo(f"{name + ':':<14} {found or 'not installed'}")
        elif key == "free_bytes" and isinstance(value, int):
            click.echo(f"{'free:':<14} {value / 1e9:.1f} GB")
        elif key != "problems":
            click.echo(f"{key + ':':<14} {cell(value) or 'none here; make one: mfbench init'}")
    for problem in problems:
        click.echo(f"problem:       {problem}", err=True)
    click.echo("problems:      none found" if not problems else f"problems:      {len(problems)}")
    return 1 if problems else 0


def _look(home: object) -> list[str]:
    from mfbench.store.health import problems
    from mfbench.workspace.workspace import Workspace

    assert isinstance(home, Workspace)
    return problems(home)
