"""The screen as people meet it: typed `mfbench`, in a terminal of 80x24."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.children import kill, start
from tests.support import Project, until
from tests.tui.terminal import Terminal

SCRIPT = """
import sys
import mfbench
with mfbench.start_run("elsewhere", workspace=sys.argv[1]) as run:
    for step in range(20):
        run.log_metric("loss", 1 / (step + 1), step=step)
    sys.stdin.readline()
"""


@pytest.fixture
def terminals(tmp_path: Path) -> Iterator[list[Terminal]]:
    opened: list[Terminal] = []
    yield opened
    for terminal in opened:
        terminal.child.close(force=True)


def test_opens_runs_a_recipe_to_its_end_and_quits(project: Project, terminals: list[Terminal]) -> None:
    project.mfbench("init")
    terminal = Terminal(project.folder)
    terminals.append(terminal)
    terminal.until("No runs yet")
    terminal.press("1")
    terminal.until("tiny")
    terminal.press("r")
    terminal.until("finished", seconds=90)
    terminal.press("\x1b")
    terminal.until("Runs 1")
    terminal.press("q")
    assert terminal.ended() == 0
    assert terminal.is_given_back()
    [run] = project.runs()
    assert project.json("runs", "show", run)["status"] == "finished"


def test_a_run_from_another_terminal_appears_and_moves(project: Project, terminals: list[Terminal]) -> None:
    project.mfbench("init")
    terminal = Terminal(project.folder)
    terminals.append(terminal)
    terminal.until("No runs yet")
    other = start(SCRIPT, project.folder)
    try:
        terminal.until("Runs 1", seconds=20)
        terminal.until("running", seconds=20)
        (project.folder / ".mfbench" / "store.duckdb").unlink()  # derived: it is made anew
        other.communicate("\n", timeout=60)
        terminal.until("finished", seconds=20)
    finally:
        if other.poll() is None:
            kill(other)
    terminal.press("\r")
    terminal.until("Curves of", seconds=20)  # a script's run opens at its curves
    terminal.press("\x1b")
    terminal.until("Runs 1", seconds=20)
    terminal.press("q")
    assert terminal.ended() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_killed_screen_gives_the_terminal_back(
    project: Project, terminals: list[Terminal], number: signal.Signals
) -> None:
    project.mfbench("init")
    terminal = Terminal(project.folder)
    terminals.append(terminal)
    terminal.until("No runs yet")
    terminal.child.kill(number)
    assert terminal.ended() == 128 + number
    assert terminal.is_given_back()


def test_a_closed_window_ends_the_screen(project: Project) -> None:
    project.mfbench("init")
    terminal = Terminal(project.folder)
    pid = terminal.child.pid
    try:
        terminal.until("No runs yet")
    except AssertionError:
        terminal.child.close(force=True)
        raise
    terminal.child.ptyproc.fileobj.close()  # the terminal hangs up
    terminal.child.closed = terminal.child.ptyproc.closed = True  # pexpect would look for it again
    try:
        until(lambda: os.waitpid(pid, os.WNOHANG)[0] == pid, 30)
    except AssertionError:
        os.kill(pid, signal.SIGKILL)
        raise


def test_an_exception_gives_the_terminal_back(project: Project, terminals: list[Terminal]) -> None:
    project.mfbench("init")
    (project.folder / "sitecustomize.py").write_text(
        "import sys\nclass Finder:\n    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'mfbench_tui.panes.drift':\n            raise ZeroDivisionError('on purpose')\n"
        "sys.meta_path.insert(0, Finder())\n", encoding="utf-8")  # fmt: skip
    terminal = Terminal(project.folder, PYTHONPATH=str(project.folder))
    terminals.append(terminal)
    terminal.until("No runs yet")
    terminal.press("5")
    assert terminal.ended() == 1
    assert terminal.is_given_back()
    assert b"on purpose" in terminal.raw


def test_the_welcome_makes_a_workspace_with_the_demo(tmp_path: Path, terminals: list[Terminal]) -> None:
    terminal = Terminal(tmp_path)
    terminals.append(terminal)
    terminal.until("There is no workspace")
    terminal.press("\x1b[B")
    terminal.press("\r")
    terminal.until("flight-delay")
    assert (tmp_path / ".mfbench" / "workspace.json").exists()
    assert (tmp_path / "sample_data" / "flights.parquet").exists()
    terminal.press("q")
    assert terminal.ended() == 0
    assert terminal.is_given_back()


def test_the_welcome_can_be_left_without_a_trace(tmp_path: Path, terminals: list[Terminal]) -> None:
    terminal = Terminal(tmp_path, "--read-only")
    terminals.append(terminal)
    terminal.until("There is no workspace")
    assert "Make" not in terminal.text
    terminal.press("\r")
    assert terminal.ended() == 0
    assert list(tmp_path.iterdir()) == []


def test_a_workspace_that_cannot_be_used_is_one_message(tmp_path: Path, terminals: list[Terminal]) -> None:
    (tmp_path / ".mfbench").mkdir()
    (tmp_path / ".mfbench" / "workspace.json").write_text("{", encoding="utf-8")
    terminal = Terminal(tmp_path)
    terminals.append(terminal)
    assert terminal.ended() == 2
    assert "workspace:" in terminal.text
    assert "Traceback" not in terminal.text
    assert b"\x1b[?1049h" not in terminal.raw


def test_the_editor_has_the_terminal_and_gives_it_back(project: Project, terminals: list[Terminal]) -> None:
    project.mfbench("init")
    editor = project.folder / "editor.py"
    editor.write_text(
        "import sys\ninput('now editing: ')\n"
        "path = sys.argv[1]\ntext = open(path).read()\nopen(path, 'w').write(text.replace('target', 'tarpet'))\n",
        encoding="utf-8",
    )
    terminal = Terminal(project.folder, EDITOR=shlex.join([sys.executable, str(editor)]), VISUAL="")
    terminals.append(terminal)
    terminal.until("No runs yet")
    terminal.press("1")
    terminal.until("tiny")
    terminal.press("e")
    terminal.until("now editing")
    terminal.press("\r")
    terminal.until("✗")
    terminal.press("\r")
    terminal.until("no key 'tarpet'")
    terminal.press("q")
    assert terminal.ended() == 0
    assert terminal.is_given_back()


def test_without_a_terminal_the_help_is_printed(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "mfbench"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60)
    assert done.returncode == 0
    assert done.stdout.startswith("Usage: mfbench")
    refused = subprocess.run([*words, "--read-only", "runs"], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert refused.returncode == 2
    assert "goes without a command" in refused.stderr


def test_the_help_imports_no_screen(tmp_path: Path) -> None:
    code = (
        "import sys\nsys.argv = ['mfbench', '--help']\nfrom mfbench.cli import main\ncode = main()\n"
        "print([name for name in ('textual', 'mfbench_tui', 'duckdb', 'polars') if name in sys.modules], code)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "[] 0"
