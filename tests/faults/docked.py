"""Runs in containers, to be broken off: their project, on a base that makes a new environment cheap, and their engine.

The base is the environment image that all tests share, under another id: all is installed, so that a new environment
takes seconds and no network, and yet is made as any other.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mfbench.core.ids import random_text
from mfbench.executors.docker.labels import ENVIRONMENT, OWNER, RUN
from mfbench.executors.environment import Environment
from mfbench.workspace.workspace import create
from tests.faults.own_engine import OwnEngine
from tests.support import Project, until

if TYPE_CHECKING:
    from docker import DockerClient

ESTIMATORS = """\
import os
import time
import mfbench
from sklearn.linear_model import LogisticRegression


class Brief(LogisticRegression):
    def fit(self, x, y):
        print("the fit has begun", flush=True)
        time.sleep(1.0)
        return super().fit(x, y)


class Large(Brief):
    def fit(self, x, y):
        self.ballast_ = os.urandom(1 << 20).hex()
        return super().fit(x, y)


class Talks(LogisticRegression):
    def fit(self, x, y):
        print("secret:", mfbench.secret("PLANTED_SECRET"), flush=True)
        print("the fit has begun", flush=True)
        time.sleep(60)
"""


class Docked:
    """A project whose runs go to one engine, and what that engine has of them."""

    def __init__(self, project: Project, client: DockerClient, host: str | None = None) -> None:
        self.project, self.client = project, client
        self._environment = {"DOCKER_HOST": host} if host else {}
        self._bases: list[str] = []
        self.pids: set[int] = set()
        self.workspace = create(project.folder)
        (project.folder / "docked.py").write_text(ESTIMATORS, encoding="utf-8")

    # -- environments

    def settle(self, image: str, *more: str) -> None:
        """From here on environments are made on `image`, without a network."""
        lines = ["[environment]", f'base = "{image}"', 'network = "none"', *more]
        (self.workspace.root / "config.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def new_environment(self, image: str, *more: str) -> str:
        """A base like `image` on which nothing was ever made, used from here on: its id."""
        api: Any = self.client.api
        name = random_text(12)
        container = api.create_container(image, ["true"])["Id"]
        self._bases.append(api.commit(container, "mfbench-test-base", name, conf={"Labels": {"is": name}})["Id"])
        api.remove_container(container)
        self.settle(f"mfbench-test-base:{name}", *more)
        return self._bases[-1]

    def made_on(self, base: str) -> list[str]:
        """The images made on it."""
        return [one["Id"] for one in self.client.api.images() if one.get("ParentId") == base]

    def tidy(self) -> None:
        for one in self.containers():
            self.client.api.remove_container(one["Id"], force=True, v=True)
        for base in self._bases:
            for image in (*self.made_on(base), base):
                self.client.api.remove_image(image, force=True)

    # -- runs

    def start(self, *words: str, **environment: str) -> subprocess.Popen[str]:
        words = words or ("run", "tiny.toml", "--executor", "docker")
        return self.project.start(*words, **self._environment, **environment)

    def mfbench(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self.project.mfbench(*words, **self._environment)

    def json(self, *words: str) -> Any:
        """Of a command that may say by its exit code that something is damaged."""
        done = self.mfbench(*words, "--json")
        assert done.returncode in (0, 1), done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    def begun(self, face: subprocess.Popen[str], known: set[str]) -> str:
        """The run that the face has started, once it exists."""
        until(lambda: set(self.project.runs()) > known or face.poll() is not None)
        [run] = set(self.project.runs()) - known
        until(lambda: bool(self.project.events(run, "run.started")))
        self.pids.add(self.driver(run))
        return run

    def driver(self, run: str) -> int:
        return int(json.loads((self.workspace.live / run).read_text())["pid"])

    def has_come(self, run: str, phase: str) -> bool:
        """installing: the environment is being made; starting: it has been; working: in the training step."""
        if phase == "installing":
            return ["environment"] in self.project.events(run, "step.started")
        if phase == "starting":
            return any(event[0] == "environment" for event in self.project.events(run, "step.ended"))
        return ["output", "the fit has begun"] in self.project.events(run, "log")

    def wait_for(self, run: str, phase: str) -> None:
        until(lambda: self.has_come(run, phase))

    def ending(self, run: str) -> list[Any]:
        """The last end that the run has told: [status, error, model]."""
        ended = self.project.events(run, "run.ended")
        return ended[-1] if ended else ["", None, None]

    def kill_driver(self, run: str) -> None:
        os.kill(self.driver(run), signal.SIGKILL)

    def forget_results(self) -> None:
        """So that the next run does all the work again."""
        for path in self.workspace.cache.glob("*.json"):
            path.unlink()

    # -- the engine

    def containers(self, *states: str) -> list[dict[str, Any]]:
        """Those of this project's runs and installations, as the engine lists them."""
        runs, owners = set(self.project.runs()), {str(pid) for pid in self.pids}
        found = []
        for one in self.client.api.containers(all=True):
            labels = one["Labels"] or {}
            installs = ENVIRONMENT in labels and labels.get(OWNER, "").rpartition(":")[2] in owners
            if (labels.get(RUN) in runs or installs) and (not states or one["State"] in states):
                found.append(one)
        return found

    def names(self) -> set[str]:
        return {one["Names"][0].lstrip("/") for one in self.containers()}

    def strangers(self) -> list[Path]:
        """Files of the workspace that do not belong to us."""
        return [path for path in self.workspace.root.rglob("*") if path.lstat().st_uid != os.getuid()]


@pytest.fixture
def docked(project: Project, engine: DockerClient, environment_image: Environment) -> Iterator[Docked]:
    made = Docked(project, engine)
    yield made
    made.tidy()


@pytest.fixture
def killable(project: Project, own_engine: OwnEngine) -> Docked:
    """The same on an engine that may be killed; it takes all images along when it ends."""
    import docker

    return Docked(project, docker.DockerClient(base_url=own_engine.host), own_engine.host)
