"""`mfbench doctor`."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from itertools import groupby
from typing import TYPE_CHECKING, Any

import click

from mfbench.cli.common import cell, json_option, narrate, print_json, printable, workspace_option
from mfbench.cli.telling import telling

if TYPE_CHECKING:
    from mfbench.workspace.workspace import Workspace

EXAMPLES = """\b
Examples:
  mfbench doctor
  mfbench doctor --repair
  mfbench doctor --fast --json

\b
What it finds and how each kind is mended: docs/doctor.md."""
SHOWN = 10  # places of one kind
_PACKAGES = ("duckdb", "msgspec", "numpy", "optuna", "polars", "pyarrow", "scikit-learn", "skops", "textual", "docker")


@click.command("doctor", epilog=EXAMPLES)
@click.option("--repair", is_flag=True, help="Mend what can be mended, and say what was lost.")
@click.option(
    "--rebuild", is_flag=True, help="Make the database anew from the journals; what was deleted stays deleted."
)
@click.option("--fast", is_flag=True, help="Do not read the content of blobs.")
@workspace_option
@json_option
def command(repair: bool, rebuild: bool, fast: bool, workspace: str | None, as_json: bool) -> int:
    """Say which versions are installed, where things are, and whether the workspace is whole.

    Every journal, ledger, blob and block of the database is read. Safe while runs are going on. Exit code 1 when
    something is damaged, and with --repair when something stays so.
    """
    from mfbench.api.workbench import Workbench
    from mfbench.care.doctor import locate
    from mfbench.workspace.workspace import require

    home = locate(workspace)
    if home is None and (repair or rebuild):
        home = require(workspace)
    report = _installed(home)
    if home is not None:
        bench = Workbench(home)
        with telling() as progress:
            if rebuild:
                report["rebuilt"] = bench.rebuild(progress)
            report |= bench.doctor(repair=repair, fast=fast, progress=progress)
    if as_json:
        print_json(report)
    else:
        _print(report, repair)
    return 1 if report["problems"] else 0


def _installed(home: Workspace | None) -> dict[str, Any]:
    from mfbench.core import plugins
    from mfbench.core.versions import version
    from mfbench.engine.provenance import machine

    return {
        **machine(),
        "versions": {name: version(name) for name in _PACKAGES},
        "executors": plugins.names("mfbench.executors"),
        "engine": _engine(),
        "flavors": plugins.names("mfbench.flavors"),
        "workspace": str(home.root) if home else None,
        "writable": home.writable if home else None,
        "free_bytes": shutil.disk_usage(home.root).free if home else None,
        "runs": len(home.run_names()) if home else 0,
        "problems": [],
        "repaired": [],
    }


def _engine() -> dict[str, Any]:
    """The container engine of this machine: {endpoint, version, problem}."""
    import json

    from mfbench.executors.docker.endpoints import answers, ask, is_plain

    there, said = answers()
    if not there:
        return {"endpoint": None, "version": None, "problem": said}
    try:
        version = json.loads(ask(said, "/version")[1])["Version"] if is_plain(said) else None
    except (OSError, ValueError, KeyError, TypeError):
        version = None
    return {"endpoint": said, "version": version, "problem": None}


def _print(report: dict[str, Any], repair: bool) -> None:
    for key, value in report.items():
        if key == "engine":
            at = f"{value['version'] or 'answers'} at {value['endpoint']}"
            click.echo(f"{'engine:':<14} {printable(value['problem'] or at)}")
        elif isinstance(value, dict):
            for name, found in value.items():
                click.echo(f"{name + ':':<14} {found or 'not installed'}")
        elif key == "free_bytes" and isinstance(value, int):
            click.echo(f"{'free:':<14} {value / 1e9:.1f} GB")
        elif key == "writable" and value is False:
            click.echo(f"{'access:':<14} read-only")
        elif key not in ("problems", "repaired", "rebuilt", "writable", "free_bytes"):
            click.echo(f"{key + ':':<14} {cell(value) or 'none here; make one: mfbench init'}")
    if "rebuilt" in report:
        narrate(f"the database was made anew: {report['rebuilt']:,} runs")
    _sections("mended", [one for one in report["repaired"] if not one["failed"]], "lost")
    _sections("not mended", [one for one in report["repaired"] if one["failed"]], "lost")
    if repair and not report["repaired"]:
        narrate("nothing was mended")
    _sections("problem", report["problems"], "remedy")
    problems = len(report["problems"])
    click.echo(f"{'problems:':<14} {problems or 'none found'}")
    if not repair and any(problem["mendable"] for problem in report["problems"]):
        narrate("mend what can be mended: mfbench doctor --repair")


def _sections(title: str, items: list[dict[str, Any]], last: str) -> None:
    """Items by kind, with what is said of all of them once, at the end. Long lists are shortened: --json has all."""

    def kind(item: dict[str, Any]) -> tuple[str, str]:
        return item["code"], item[last]

    for (code, said), group in _grouped(items, kind):
        click.echo(f"\n{title}: {code}" + (f" ({len(group):,})" if len(group) > 1 else ""))
        for item in group[:SHOWN]:
            click.echo(f"  {printable(item['where'])}: {printable(item['what'])}")
        if len(group) > SHOWN:
            click.echo(f"  … and {len(group) - SHOWN:,} more (--json has all)")
        if said:
            click.echo(f"  {last}: {printable(said)}")
    if items:
        click.echo()


def _grouped(items: list[dict[str, Any]], kind: Any) -> Iterable[tuple[tuple[str, str], list[dict[str, Any]]]]:
    """In the order in which the kinds came first."""
    order = {key: place for place, key in reversed(list(enumerate(map(kind, items))))}
    for key, group in groupby(sorted(items, key=lambda item: order[kind(item)]), kind):
        yield key, list(group)
