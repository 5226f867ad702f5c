"""`mfbench import`."""

from __future__ import annotations

from typing import Any

import click

from mfbench.cli.common import json_option, narrate, open_bench, print_json, printable, workspace_option
from mfbench.cli.telling import telling

EXAMPLES = """\b
Examples:
  mfbench import delay.zip --dry-run
  mfbench import delay.zip"""
_SHOWN = 5


@click.command("import", epilog=EXAMPLES)
@click.argument("archive", type=click.Path())
@click.option("--dry-run", is_flag=True, help="Check everything, and only say what would be taken in.")
@click.option("--restore", is_flag=True, help="Take in runs that were deleted here, too.")
@workspace_option
@json_option
def command(archive: str, dry_run: bool, restore: bool, workspace: str | None, as_json: bool) -> None:
    """Take an archive of `mfbench export` in.

    What is here already stays as it is, and what was deleted here stays deleted. A version of a model gets the next
    number here and keeps where it comes from. The archive may be a stranger's: every file is checked before anything
    is taken in, and nothing of it is run.
    """
    bench = open_bench(workspace)
    with telling() as progress:
        found = bench.import_(archive, dry_run=dry_run, restore=restore, progress=progress)
    if as_json:
        print_json(found)
    else:
        tell(found, dry_run)


def tell(found: dict[str, Any], dry_run: bool) -> None:
    """What an import or a merge has brought, for people."""
    from mfbench.core.text import plural, size

    would = "would be " if dry_run else ""
    click.echo(f"{plural(len(found['runs']), 'run')} and {plural(len(found['models']), 'model version')} "
               f"{would}taken in, {size(found['bytes'])}")  # fmt: skip
    for there, here in found["renumbered"].items():
        narrate(f"renumbered: {there} -> {here}")
    if found["lost"]:
        narrate(f"without an end, and so lost here: {_some(found['lost'])}")
    skipped: dict[tuple[str, str], list[str]] = {}
    for one in found["skipped"]:
        reason = one["reason"].replace(one["name"], "RUN") if one["what"] == "run" else one["reason"]
        skipped.setdefault((one["what"], reason), []).append(one["name"])
    for (what, reason), names in skipped.items():
        narrate(printable(f"left as it is: {what} {_some(names)}: {reason}"))
    if found["missing"]:
        narrate(f"named, but in neither place: {_some(found['missing'])}")


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
