from __future__ import annotations

from pathlib import Path

import pytest

from tests.engines import engine, environment_image  # noqa: F401  fixtures
from tests.support import Project


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whoever looks for what was left on the engine sees the containers of every test: these run one after another."""
    for item in items:
        if "engine" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("engine"))


@pytest.fixture(autouse=True)
def _local(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a machine has a container engine, tests that do not ask for it run without."""
    monkeypatch.setenv("MFBENCH_EXECUTOR", "local")
    if "engine" not in request.fixturenames:
        monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)
