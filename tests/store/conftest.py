from __future__ import annotations

from pathlib import Path

import pytest

from mfbench.workspace.workspace import Workspace, create


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return create(tmp_path)
