"""`mfbench init`."""

from __future__ import annotations

from pathlib import Path

import click

from mfbench.cli.common import json_option, narrate, print_json
from mfbench.core.errors import WorkspaceError


@click.command("init", epilog="\b\nExamples:\n  mfbench init\n  mfbench init --demo ~/try-mfbench")
@click.argument("folder", default=".", type=click.Path(file_okay=False))
@click.option("--demo", is_flag=True, help="Also put recipes and real data here to try.")
@json_option
def command(folder: str, demo: bool, as_json: bool) -> None:
    """Make a workspace (.mfbench) in FOLDER, by default here. Safe to repeat."""
    from mfbench.api.demo import copy_demo
    from mfbench.workspace.workspace import create

    target = Path(folder).absolute()
    before = (target / ".mfbench" / "workspace.json").exists()
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WorkspaceError(f"the folder cannot be made: {error.strerror}", where=str(target)) from None
    workspace = create(target)
    copied = copy_demo(target) if demo else []
    if as_json:
        print_json({"workspace": str(workspace.root), "id": workspace.id, "new": not before, "copied": copied})
        return
    narrate(f"{'there already' if before else 'made'}: {workspace.root}")
    for name in copied:
        narrate(f"  {name}")
    if demo:
        narrate("next: mfbench run flight-delay.toml" + ("" if target == Path.cwd() else f"   (in {target})"))
