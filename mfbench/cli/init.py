"""`mfbench init`."""

from __future__ import annotations

from importlib.resources import as_file, files
from pathlib import Path

import click

from mfbench.cli.common import json_option, narrate, print_json
from mfbench.core.errors import UsageError, WorkspaceError

REPOSITORY = Path(__file__).resolve().parents[2]


@click.command("init", epilog="\b\nExamples:\n  mfbench init\n  mfbench init --demo ~/try-mfbench")
@click.argument("folder", default=".", type=click.Path(file_okay=False))
@click.option("--demo", is_flag=True, help="Also put recipes and real data here to try.")
@json_option
def command(folder: str, demo: bool, as_json: bool) -> None:
    """Make a workspace (.mfbench) in FOLDER, by default here. Safe to repeat."""
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


def copy_demo(target: Path) -> list[str]:
    """Recipes and sample data into `target`; files that are there already stay as they are."""
    copied: list[str] = []
    packaged = files("mfbench") / "_demo"
    with as_file(packaged) as inner:
        root = inner if inner.is_dir() else REPOSITORY
        recipes, data = root / "recipes", root / "sample_data"
        if not recipes.is_dir():
            raise UsageError("this installation carries no demo", where=str(root))
        for recipe in sorted(recipes.glob("*.toml")):
            text = recipe.read_text(encoding="utf-8").replace("../sample_data/", "sample_data/")
            copied += _write(target / recipe.name, text.encode(), target)
        for file in sorted(data.iterdir()):
            if file.suffix in (".parquet", ".csv", ".md"):
                copied += _write(target / "sample_data" / file.name, file.read_bytes(), target)
    return copied


def _write(path: Path, content: bytes, target: Path) -> list[str]:
    if path.exists():
        return []
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return [path.relative_to(target).as_posix()]
