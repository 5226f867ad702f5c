from __future__ import annotations

from pathlib import Path

import pytest

from mfbench.workspace.workspace import Workspace, create


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A workspace in the current folder."""
    monkeypatch.delenv("MFBENCH_WORKSPACE", raising=False)
    monkeypatch.chdir(tmp_path)
    return create(tmp_path)
