"""What `auto` means."""

from __future__ import annotations

import pytest

from mfbench.executors import auto
from mfbench.executors.docker import endpoints


def test_a_variable_stands_in_for_auto_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoints, "answers", lambda: (False, "nothing there"))
    monkeypatch.setenv(auto.VARIABLE, "venv")
    assert auto.choose("auto") == ("venv", "MFBENCH_EXECUTOR says so")
    assert auto.choose("docker") == ("docker", None)
    monkeypatch.setenv(auto.VARIABLE, "")
    assert auto.choose("auto") == ("local", "nothing there")


def test_an_engine_that_answers_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(auto.VARIABLE, raising=False)
    monkeypatch.setattr(endpoints, "answers", lambda: (True, "unix:///x.sock"))
    assert auto.choose("auto") == ("docker", "an engine answers at unix:///x.sock")
