"""Contract suites: subclass one in your own tests to show that your plug-in is a right one.

>>> from mfbench.testing import ExecutorContract  # doctest: +SKIP
>>> class TestMine(ExecutorContract):  # doctest: +SKIP
...     def make(self):
...         return MyExecutor()
"""

from __future__ import annotations

from mfbench.testing.executors import ExecutorContract
from mfbench.testing.flavors import FlavorContract

__all__ = ["ExecutorContract", "FlavorContract"]
