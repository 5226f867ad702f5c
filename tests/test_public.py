"""What the outside relies on: public names, cheap imports, the command tree."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import mfbench
from mfbench.cli.app import COMMANDS
from mfbench.core.plugins import IN_TREE, load, names

ROOT = Path(__file__).parents[1]
HEAVY = {"textual", "rich", "duckdb", "polars", "pyarrow", "numpy", "sklearn", "torch", "docker", "msgspec", "optuna"}


def modules_after(code: str) -> set[str]:
    script = f"import sys, json\n{code}\nprint(json.dumps(sorted({{m.split('.')[0] for m in sys.modules}})))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_the_public_names() -> None:
    assert sorted(mfbench.__all__) == ["MfbenchError", "Run", "Workbench", "__version__", "secret", "start_run"]
    for name in mfbench.__all__:
        assert getattr(mfbench, name) is not None
        assert name in dir(mfbench)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        mfbench.nothing  # noqa: B018


@pytest.mark.parametrize("words", [["--help"], ["--version"], [], *([name, "--help"] for name in COMMANDS)])
def test_help_loads_nothing_heavy(words: list[str]) -> None:
    code = (
        "import io, contextlib\nfrom mfbench.cli import main\n"
        f"sys.argv = ['mfbench', *{words!r}]\n"
        "with contextlib.redirect_stdout(io.StringIO()):\n    assert main() == 0\n"
    )
    assert not modules_after(code) & HEAVY


def test_import_loads_nothing_heavy() -> None:
    assert not modules_after("import mfbench") & HEAVY
    assert not modules_after("import mfbench; mfbench.start_run") & (HEAVY - {"msgspec"})


def test_what_a_cached_run_needs_loads_nothing_heavy() -> None:
    code = "import mfbench.cli.run, mfbench.api.running, mfbench.engine.launch, mfbench.flavors.sklearn"
    assert not modules_after(code) & (HEAVY - {"msgspec"})


def test_models_are_listed_without_the_database(tmp_path: Path) -> None:
    code = (
        f"from mfbench.cli import main\nsys.argv = ['mfbench', 'init', {str(tmp_path)!r}]\nmain()\n"
        f"sys.argv = ['mfbench', 'models', '--workspace', {str(tmp_path)!r}, '--json']\nmain()\n"
    )
    assert not modules_after(code) & (HEAVY - {"msgspec"})


def test_plugins_known_by_heart_are_those_of_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]
    assert project == IN_TREE
    for group, members in IN_TREE.items():
        assert names(group) == sorted(members)
        for name in members:
            assert load(group, name).name == name


def test_every_command_has_a_line_and_examples() -> None:
    for name, (module, line) in COMMANDS.items():
        command = importlib.import_module(f"mfbench.cli.{module}").command
        assert command.name == name
        assert line.endswith(".")
        assert "Examples:" in (command.epilog or "") or name == "doctor"
