"""How an environment is installed, wherever: one program, that gets its order by its input and answers on its output.

Requirements, indexes and their passwords are in that order alone: not among arguments or in a configuration that
others on this machine can read. The input stays open; its end is the program's end, and that of all it has started.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from mfbench.core import versions
from mfbench.core.ids import random_text
from mfbench.executors.base import Tell
from mfbench.executors.environment import Asked, Environment
from mfbench.executors.making import Mask, Stopping, failed, lines, watched

BOOT = "import json,sys\norder=json.loads(sys.stdin.readline())\nfor text in order['texts']: exec(text)"
_CHECK = """
if sys.version_info < (3, 11):
    failed = "the base image has Python %d.%d, and 3.11 or later is needed" % sys.version_info[:2]
    print(order["marker"] + json.dumps({"failed": failed}))
    sys.exit(0)
"""
_FACTS = """
import json
uname = os.uname()
platform = (uname.sysname + "-" + uname.machine).lower()
print(json.dumps({"python": python_version(), "platform": platform, "versions": installed()}))
"""


class Installation:
    """One run of the program. `wheels` is the wheelhouse as it is called there, `venv` a folder for an environment."""

    def __init__(self, asked: Asked, *, scratch: str, wheels: str | None, venv: str | None = None) -> None:
        self.said: list[str] = []  # its last lines, masked
        self._asked, self._scratch, self._wheels, self._venv = asked, scratch, wheels, venv
        self._marker, self._mask = f"answer-{random_text(16)} ", Mask(asked)
        self._answer: dict[str, Any] = {}

    def order(self) -> bytes:
        """The line that the program waits for."""
        inside = (Path(__file__).parent / "inside.py").read_text(encoding="utf-8")
        order = {
            "texts": [_CHECK, inside, "main(order)"],
            "env": variables(self._asked),
            "requirements": self._asked.requirements,
            "apt": list(self._asked.apt) if self._venv is None else [],
            "wheels": self._wheels,
            "scratch": self._scratch,
            "venv": self._venv,
            "facts": Path(versions.__file__).read_text(encoding="utf-8") + _FACTS,
            "marker": self._marker,
        }
        return json.dumps(order).encode() + b"\n"

    def follow(self, output: Iterable[bytes], tell: Tell, stopping: Stopping) -> None:
        """Tells what it prints until that ends. Raises StoppedError soon after `stopping()`."""
        for line in watched(lines(output), stopping):
            if line.startswith(self._marker):
                self._answer = json.loads(line.removeprefix(self._marker))
            else:
                self.said.append(self._mask(line))
                tell(self.said[-1])

    def made(self, code: int) -> Environment:
        """What is there now, after the program has ended. Raises InstallError, DiskError."""
        answer = self._answer
        if code or "versions" not in answer:
            reason = answer.get("failed", f"the installation ended with exit code {code}")
            raise failed(f"the environment could not be made: {self._mask(reason)}", self.said)
        return Environment(python=answer["python"], platform=answer["platform"], versions=answer["versions"])


def chunks(descriptor: int) -> Iterator[bytes]:
    """What comes through a pipe until its end; then it is closed."""
    with os.fdopen(descriptor, "rb", buffering=0) as pipe:
        while chunk := pipe.read(65536):
            yield chunk


def variables(asked: Asked) -> dict[str, str]:
    """The environment of the installers."""
    found = {
        "PIP_NO_INPUT": "1",
        "PIP_NO_CACHE_DIR": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_PROGRESS_BAR": "off",
        "PIP_ROOT_USER_ACTION": "ignore",
        "PIP_BREAK_SYSTEM_PACKAGES": "1",  # an image is there for this alone
        "PIP_USER": "0",
        "PYTHONUNBUFFERED": "1",
        **asked.args,
    }
    if asked.network == "none":
        found["PIP_NO_INDEX"] = "1"  # else pip asks again and again, for seconds a package
    if asked.index:
        found["PIP_INDEX_URL"] = asked.index
    if asked.extra_index:
        found["PIP_EXTRA_INDEX_URL"] = " ".join(asked.extra_index)
    return found
