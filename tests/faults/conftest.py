"""Every test draws from one seed: MFBENCH_FAULT_SEED repeats a failure, MFBENCH_FAULT_ROUNDS (a factor) does more."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mfbench.workspace.workspace import Workspace, create
from tests.faults.processes import Children

SEED = os.environ.get("MFBENCH_FAULT_SEED", "1")
FACTOR = float(os.environ.get("MFBENCH_FAULT_ROUNDS", "1"))
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
