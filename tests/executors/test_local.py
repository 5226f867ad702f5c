from __future__ import annotations

from mfbench.executors.base import Executor
from mfbench.executors.local import LocalExecutor
from mfbench.testing import ExecutorContract


class TestLocalExecutor(ExecutorContract):
    def make(self) -> Executor:
        return LocalExecutor()
