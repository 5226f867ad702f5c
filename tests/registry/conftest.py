from __future__ import annotations

from pathlib import Path

import pytest

from mfbench.registry.models import Registry
from mfbench.workspace.workspace import create


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(create(tmp_path))
