"""Fixtures of tests that need a real container engine. Without one they are skipped, unless one is demanded."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from docker import DockerClient

    from mfbench.executors.environment import Environment


def missing(reason: str) -> None:
    """What a test of containers needs is not there: it is skipped, and fails where an engine is demanded."""
    (pytest.fail if os.environ.get("MFBENCH_REQUIRE_DOCKER") == "1" else pytest.skip)(reason)


@pytest.fixture(scope="session")
def engine() -> DockerClient:
    """A client of the engine on this machine."""
    from mfbench.executors.docker.client import answers, connect

    found, said = answers()
    if not found and os.environ.get("MFBENCH_REQUIRE_DOCKER") != "1":
        pytest.skip(said)
    return connect()  # where one is demanded: an error that says what was tried


@pytest.fixture(scope="session")
def environment_image(engine: DockerClient) -> Environment:
    """The default environment, made once and found again by its hash: by other tests, and at the next run of them.

    MFBENCH_TEST_NETWORK: where an installation finds no index through the engine's default network, e.g. "host".
    """
    from mfbench.executors.docker import images
    from mfbench.executors.environment import Asked
    from mfbench.executors.lock import default_lock

    asked = Asked(requirements=default_lock(), network=os.environ.get("MFBENCH_TEST_NETWORK"))
    return images.find(asked) or images.make(asked, print, lambda: False)
