"""What tests of whole commands share: a small project on disk, and the command line as a process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mfbench.journal.reader import read_events
from mfbench.workspace.workspace import Workspace

RECIPE = """\
[recipe]
name = "tiny"
task = "classification"

[data]
source = "tiny.csv"
target = "bought"
positive = "yes"

[model]
estimator = "LogisticRegression"

[evaluate]
metrics = ["roc_auc", "log_loss"]

[register]
"""

ESTIMATORS = """\
import os, signal, time
import numpy as np
from sklearn.linear_model import LogisticRegression


class Slow(LogisticRegression):
    def fit(self, x, y, sample_weight=None):
        print("slow has begun", flush=True)
        time.sleep(float(os.environ.get("SLOW_SECONDS", "60")))
        return super().fit(x, y)


class Raises(LogisticRegression):
    def fit(self, x, y, sample_weight=None):
        return self.deeper(x)

    def deeper(self, x):
        raise ZeroDivisionError("the user's own mistake")


class Killed(LogisticRegression):
    def fit(self, x, y, sample_weight=None):
        os.kill(os.getpid(), signal.SIGKILL)


class Exits(LogisticRegression):
    def fit(self, x, y, sample_weight=None):
        raise SystemExit(0)
"""


class Project:
    """A folder with a recipe, data and estimators, and `mfbench` run in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        rows = [f"{i},{'abc'[i % 3]},{'yes' if i % 7 > i % 3 else 'no'}" for i in range(120)]
        (folder / "tiny.csv").write_text("\n".join(["amount,shop,bought", *rows]) + "\n", encoding="utf-8")
        (folder / "estimators.py").write_text(ESTIMATORS, encoding="utf-8")
        self.recipe(RECIPE)

    def recipe(self, text: str, name: str = "tiny.toml") -> Path:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    @property
    def workspace(self) -> Workspace:
        return Workspace(self.folder / ".mfbench")

    def mfbench(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "mfbench", *words],
            cwd=self.folder,
            env=os.environ | environment,
            capture_output=True,
            text=True,
            timeout=120,
            stdin=subprocess.DEVNULL,
        )

    def json(self, *words: str) -> Any:
        """The last line of a command that has to succeed, decoded."""
        done = self.mfbench(*words, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    def start(self, *words: str, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "mfbench", *words],
            cwd=self.folder,
            env=os.environ | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            stdin=subprocess.DEVNULL,
        )

    def runs(self) -> list[str]:
        return sorted(path.name for path in self.workspace.runs.iterdir()) if self.workspace.runs.exists() else []

    def events(self, run: str, kind: str) -> list[list[Any]]:
        return [event[3:] for event in read_events(self.workspace.run_folder(run) / "events") if event[2] == kind]

    def slow_run(self, **environment: str) -> tuple[subprocess.Popen[str], str]:
        """A face whose run has reached its slow training step: (process, run id)."""
        before = set(self.runs())
        face = self.start("run", "tiny.toml", "--set", "model.estimator=estimators.Slow", **environment)
        until(lambda: len(self.runs()) > len(before))
        [run] = set(self.runs()) - before
        until(lambda: ["output", "slow has begun"] in self.events(run, "log"))
        return face, run


def until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    """Waits for a condition that has to come true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def pids_of(marker: str) -> list[int]:
    """Living processes whose environment holds `marker`."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
                if marker.encode() in (entry / "environ").read_bytes() and state != "Z":
                    found.append(int(entry.name))
            except OSError:
                continue
    return found
