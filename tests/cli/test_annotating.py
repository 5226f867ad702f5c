"""`mfbench runs tag|note|pin|unpin|attach|rerun`, as people and scripts use them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mfbench.api.workbench import Workbench
from mfbench.tracking.run import start_run
from tests.support import Project


@pytest.fixture
def run(project: Project) -> str:
    Workbench.create(project.folder)
    with start_run("a", workspace=project.folder, tags={"own": "yes"}) as run:
        run.log_metric("loss", 0.5)
    return run.id


def test_runs_are_tagged(project: Project, run: str) -> None:
    assert project.json("runs", "tag", "last", "team=ops", "eq=a=b") == {"tagged": [run]}
    [row] = project.json("runs", "--where", "tags.team = 'ops'")
    assert row["tags"] == {"own": "yes", "team": "ops", "eq": "a=b"}
    done = project.mfbench("runs", "tag", run, "--remove", "own", "--remove", "team")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{run}\n", "1 run tagged\n")
    assert "tags:      eq=a=b\n" in project.mfbench("runs", "show", run).stdout
    done = project.mfbench("runs", "tag", run, "eq=a=b")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "nothing to change\n")


def test_a_note_is_put_on_and_read(project: Project, run: str) -> None:
    assert project.mfbench("runs", "note", run).stderr == "this run has no note\n"
    assert project.json("runs", "note", run, "the first \x1b[31m") == {"noted": [run]}
    assert project.mfbench("runs", "note", run).stdout == "the first \N{REPLACEMENT CHARACTER}[31m\n"
    words = [sys.executable, "-m", "mfbench", "runs", "note", run, "-"]
    subprocess.run(words, cwd=project.folder, input="two\nlines\n", text=True, check=True, timeout=60)
    assert project.json("runs", "note", run) == {"run": run, "note": "two\nlines"}
    assert "note:      two\n           lines\n" in project.mfbench("runs", "show", run).stdout
    assert project.json("runs", "note", run, "--remove") == {"noted": [run]}
    assert project.json("runs", "note", run) == {"run": run, "note": None}


def test_runs_are_pinned(project: Project, run: str) -> None:
    assert project.json("runs", "pin", run) == {"pinned": [run]}
    [row] = project.json("runs", "--where", "pinned")
    assert (row["run"], row["pinned"], row["note"]) == (run, True, None)
    assert project.mfbench("runs").stdout.splitlines()[1].split("\t")[0] == run  # in a pipe the id alone
    assert "pinned:    yes\n" in project.mfbench("runs", "show", run).stdout
    assert project.json("runs", "unpin", run) == {"unpinned": [run]}
    assert project.json("runs", "--where", "pinned") == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["tag", "last", "last"], "give KEY=VALUE"),
        (["tag", "a=b"], "name a RUN"),
        (["tag", "last", "a=b", "--remove", "a"], "both given and removed"),
        (["tag", "last", "=b"], "no key of a tag"),
        (["tag", "nobody", "a=b"], "no run 'nobody'"),
        (["note", "last", "x", "--remove"], "exclude each other"),
        (["note", "last", "x" * 10_001], "at most 10,000"),
        (["note", "last", "\udcff"], "UTF-8"),
        (["pin", "nobody"], "no run 'nobody'"),
        (["attach", "nobody"], "no run 'nobody'"),
        (["rerun", "last"], "recorded by a script"),
    ],
)
def test_what_cannot_be_is_told_in_one_message(project: Project, run: str, words: list[str], told: str) -> None:
    done = project.mfbench("runs", *words)
    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert not project.workspace.ledger.exists() or project.workspace.ledger.read_bytes() == b""


def test_a_run_is_started_followed_and_repeated(project: Project) -> None:
    run = project.mfbench("run", "tiny.toml", "--detach").stdout.strip()
    done = project.mfbench("runs", "attach", run)
    assert (done.returncode, done.stdout) == (0, "tiny:1\n")
    assert "✓ train" in done.stderr
    result = project.json("runs", "attach", run)
    assert (result["run"], result["status"]) == (run, "finished")
    again = project.json("runs", "rerun", run, "--name", "again")
    assert again["metrics"] == result["metrics"]
    assert again["run"] != run
    detached = project.json("runs", "rerun", run, "--set", "model.estimator=estimators.Raises", "--detach")
    assert list(detached) == ["run"]
    failed = project.mfbench("runs", "attach", detached["run"])
    assert failed.returncode == 1
    assert "the user's own mistake" in failed.stderr


@pytest.mark.parametrize("words", [[], ["--json"]])
def test_ctrl_c_lets_go_of_the_run_that_goes_on(project: Project, words: list[str]) -> None:
    face, run = project.slow_run()
    attached = project.start("runs", "attach", run, *words)
    assert attached.stderr is not None
    assert attached.stderr.readline().startswith(f"run {run}")  # it follows
    attached.send_signal(signal.SIGINT)
    told, said = attached.communicate(timeout=60)
    assert attached.returncode == 130
    assert f"run {run} goes on" in said
    assert f"mfbench runs stop {run}" in said
    assert told == "" if not words else json.loads(told) == {"run": run, "detached": True}
    assert project.workspace.is_alive(run)
    project.mfbench("runs", "stop", run)
    stopped = project.mfbench("runs", "attach", run)
    assert stopped.returncode == 130
    assert "goes on" not in stopped.stderr
    face.communicate(timeout=60)


def test_a_pin_is_seen_on_a_narrow_terminal(project: Project, run: str, tmp_path: Path) -> None:
    project.mfbench("runs", "pin", run)
    shown = tmp_path / "shown"
    code = "import os, pty, sys\nos.environ['COLUMNS'] = '60'\npty.spawn([sys.executable, '-m', 'mfbench', 'runs'])"
    with shown.open("wb") as stream:
        words = [sys.executable, "-c", code]
        subprocess.run(words, cwd=project.folder, env=os.environ | {"TERM": "dumb"}, stdin=subprocess.DEVNULL,
                       stdout=stream, timeout=60, check=True)  # fmt: skip
    text = shown.read_text(encoding="utf-8")
    assert f"{run} ▲" in text
    assert "finished" in text


def test_a_run_alone_tells_its_tags(project: Project) -> None:
    project.mfbench("run", "tiny.toml")
    assert "no tags" in project.mfbench("runs", "tag", "last").stderr
    project.mfbench("runs", "tag", "last", "stage=try", "by=me")
    assert sorted(project.mfbench("runs", "tag", "last").stdout.split()) == ["by=me", "stage=try"]
    assert project.json("runs", "tag", "last")["tags"] == {"stage": "try", "by": "me"}
    over = project.mfbench("runs", "attach", "last")
    assert over.returncode == 0
    assert "is over" in over.stderr
    empty = project.mfbench("runs", "note", "last", "")
    assert empty.returncode == 2
    assert "--remove" in empty.stderr
