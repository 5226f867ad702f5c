"""The recipes and data that come with mfbench: copied as a whole to try, or one recipe as a start for one's own."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from mfbench.core.errors import UsageError, from_os
from mfbench.core.files import write_whole
from mfbench.core.text import did_you_mean

REPOSITORY = Path(__file__).resolve().parents[2]
DATA = (".parquet", ".csv", ".md")


def copy_demo(target: Path) -> list[str]:
    """Recipes and sample data into `target`: what was written. Files that are there already stay as they are."""
    copied: list[str] = []
    with _shipped() as root:
        for recipe in sorted((root / "recipes").glob("*.toml")):
            copied += _write(target / recipe.name, _text(recipe).encode(), target)
        for file in sorted((root / "sample_data").iterdir()):
            if file.suffix in DATA:
                copied += _write(target / "sample_data" / file.name, file.read_bytes(), target)
    return copied


def templates() -> list[dict[str, Any]]:
    """{name, task, description} of each recipe that comes with mfbench."""
    found = []
    with _shipped() as root:
        for recipe in sorted((root / "recipes").glob("*.toml")):
            about = tomllib.loads(_text(recipe))["recipe"]
            found.append({"name": recipe.stem, "task": about["task"], "description": about.get("description", "")})
    return found


def copy_template(template: str, path: Path, name: str) -> None:
    """The shipped recipe at `path` under its new name, with the data that it reads beside it."""
    with _shipped() as root:
        source = root / "recipes" / f"{template}.toml"
        if not source.is_file():
            near = did_you_mean(template, [item.stem for item in source.parent.glob("*.toml")])
            raise UsageError(f"there is no template {template!r}", hint=near)
        text = _text(source)
        write_new(path, re.sub(r'(?m)^name = ".*"', f'name = "{name}"', text, count=1))
        for file in (root / "sample_data").iterdir():
            if f"sample_data/{file.name}" in text:
                _write(path.parent / "sample_data" / file.name, file.read_bytes(), path.parent)


def write_new(path: Path, text: str) -> None:
    """Raises UsageError where there is a file already."""
    try:
        if path.exists():
            raise UsageError("there is such a file already", where=str(path), hint="take another name")
        write_whole(path, text.encode())
    except OSError as error:
        raise from_os(error, "the recipe cannot be written") from None


@contextmanager
def _shipped() -> Iterator[Path]:
    """The folder of `recipes` and `sample_data`: in the package, or in an editable installation the repository."""
    with as_file(files("mfbench") / "_demo") as inner:
        root = inner if inner.is_dir() else REPOSITORY
        if not (root / "recipes").is_dir():
            raise UsageError("this installation carries no demo", where=str(root))
        yield root


def _text(recipe: Path) -> str:
    return recipe.read_text(encoding="utf-8").replace("../sample_data/", "sample_data/")


def _write(path: Path, content: bytes, target: Path) -> list[str]:
    if path.exists():
        return []
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, content)
    except OSError as error:
        raise from_os(error, "the demo cannot be written") from None
    return [path.relative_to(target).as_posix()]
