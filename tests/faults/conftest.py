"""Every test draws from one seed: MFBENCH_FAULT_SEED repeats a failure, MFBENCH_FAULT_ROUNDS (a factor) does more."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mfbench.workspace.workspace import Workspace, create
from tests.faults.docked import docked, killable  # noqa: F401  fixtures
from tests.faults.own_engine import own_engine  # noqa: F401
from tests.faults.processes import Children

SEED = os.environ.get("MFBENCH_FAULT_SEED", "1")
FACTOR = float(os.environ.get("MFBENCH_FAULT_ROUNDS", "1"))
SMALL = 32 << 20  # bytes
_killed: dict[str, int] = {}


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    (tmp_path / "home").mkdir()
    return create(tmp_path / "home")


@pytest.fixture
def chance(request: pytest.FixtureRequest) -> random.Random:
    return random.Random(f"{SEED} {request.node.name}")


@pytest.fixture
def rounds() -> Callable[[int], range]:
    """As many rounds as by default, times MFBENCH_FAULT_ROUNDS."""
    return lambda count: range(max(1, round(count * FACTOR)))


@pytest.fixture
def small(tmp_path: Path) -> Iterator[tuple[Path, bool]]:
    """(a folder on a small disk, whether it is one)."""
    folder = tmp_path / "small"
    folder.mkdir()
    if sys.platform == "linux" and os.geteuid() == 0:
        options = ["mount", "-t", "tmpfs", "-o", f"size={SMALL}", "tmpfs", str(folder)]
        if subprocess.run(options, capture_output=True, check=False).returncode == 0:
            yield folder, True
            subprocess.run(["umount", "-l", str(folder)], check=True)
            return
    yield folder, False


@pytest.fixture
def children(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Children]:
    folder = tmp_path / "told"
    folder.mkdir()
    made = Children(folder)
    yield made
    made.end_all()
    _killed[request.node.name] = made.killed


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    report = yield
    if report.failed:  # type: ignore[attr-defined]
        told = f"MFBENCH_FAULT_SEED={SEED} MFBENCH_FAULT_ROUNDS={FACTOR:g}"
        report.sections.append(("the same again", told))  # type: ignore[attr-defined]
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _killed:
        terminalreporter.write_line(f"killed with kill -9: {sum(_killed.values())} processes (seed {SEED})")
