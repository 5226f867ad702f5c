from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mfbench.api.workbench import Workbench
from tests.support import Project
from tests.tui.support import unpacked


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Times are shown as they are here: pictures need one place. Colours as on any terminal."""
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("MFBENCH_THEME", raising=False)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a small workspace, where one is: runs, models, a search, drift reports, recipes."""
    monkeypatch.chdir(tmp_path)
    return unpacked(tmp_path)


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an empty workspace, where one is."""
    monkeypatch.chdir(tmp_path)
    Workbench.create(tmp_path)
    return tmp_path


@pytest.fixture
def project(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """The command line's folder, where one is."""
    monkeypatch.chdir(project.folder)
    return project
