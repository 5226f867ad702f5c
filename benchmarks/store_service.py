"""Contestants as processes of their own that stay warm: a question a line in, an answer a line out, as JSON.

The peers' interpreter imports this too: the standard library alone.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from benchmarks.timing import ROOT, TIMEOUT_S, BenchError, child_env


class Service:
    """A process that answers; used as a context manager, it is ended with the block."""

    def __init__(self, python: str, module: str, *words: str) -> None:
        """Start ``python -m module words…``, whose ``serve`` answers."""
        self._said = tempfile.TemporaryFile("w+")  # noqa: SIM115  closed in `close`; a pipe would have to be emptied
        try:
            self._process = subprocess.Popen(
                [python, "-m", module, *words],
                cwd=ROOT,
                env=child_env(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._said,
                text=True,
            )
        except OSError as error:
            raise BenchError(str(error)) from error

    def ask(self, question: str, *arguments: object) -> Any:
        """The answer to one question; raise BenchError where the process has died or takes too long."""
        self.send(question, *arguments)
        return self.receive()

    def send(self, question: str, *arguments: object) -> None:
        """Ask without waiting; ``receive`` has the answer."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps([question, *arguments]) + "\n")
            self._process.stdin.flush()
        except OSError as error:
            raise self._failure() from error

    def receive(self) -> Any:
        """The answer to what was sent."""
        assert self._process.stdout is not None
        timer = threading.Timer(TIMEOUT_S, self._process.kill)
        timer.start()
        try:
            line = self._process.stdout.readline()
        finally:
            timer.cancel()
        if not line.endswith("\n"):
            raise self._failure()
        return json.loads(line)

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()
        self._said.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _failure(self) -> BenchError:
        self._process.kill()
        self._process.wait()
        self._said.seek(0)
        lines = [line.strip() for line in self._said if any(map(str.isalnum, line))]
        return BenchError(lines[-1] if lines else f"exit status {self._process.returncode}")


class Team:
    """Several processes of one kind that work at once."""

    def __init__(self, size: int, python: str, module: str, *words: str) -> None:
        """Start that many; each is told its number as the last word."""
        self._members = [Service(python, module, *words, str(number)) for number in range(size)]

    def ask(self, question: str, *arguments: object) -> list[Any]:
        """Ask all of them at once; their answers in order."""
        for member in self._members:
            member.send(question, *arguments)
        return [member.receive() for member in self._members]

    def ask_first_alone(self, question: str) -> None:
        """Ask the first, which makes what all of them share, and then the others at once."""
        first, *others = self._members
        first.ask(question)
        for member in others:
            member.send(question)
        for member in others:
            member.receive()

    def close(self) -> None:
        """End all of them."""
        for member in self._members:
            member.close()


def serve(answers: Mapping[str, Callable[..., object]]) -> None:
    """Answer questions until there are no more. What libraries print goes to stderr, to keep the answers apart."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        question, *arguments = _read(line)
        out.write(json.dumps(answers[question](*arguments)) + "\n")
        out.flush()


def _read(line: str) -> Sequence[Any]:
    question: list[Any] = json.loads(line)
    return question
