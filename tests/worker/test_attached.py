"""A worker whose life hangs on its input, as a process of this machine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO

import msgspec
import pytest

from mfbench.journal.reader import read_events
from mfbench.recipe.environment import SECRETS
from mfbench.testing.executors import job
from mfbench.worker.attached import order_line
from mfbench.worker.job import read_job, write_job
from tests.support import pids_of, until

SLEEPS = "import time\ndef run(ctx):\n    print('here', flush=True)\n    time.sleep(600)\n"
CHILDREN = (
    "import subprocess, sys, time\ndef run(ctx):\n"
    "    subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
    "    print('here', flush=True)\n    time.sleep(600)\n"
)
# A library that never lets go of the interpreter: no thread beside it runs.
GREEDY = "def run(ctx):\n    print('here', flush=True)\n    import re\n    re.match('(a+)+$', 'a' * 60 + 'b')\n"
LOOKS = (
    "import os, time, mfbench\ndef run(ctx):\n"
    "    folder = os.environ['MFBENCH_SECRETS']\n"
    "    modes = [oct(os.stat(path).st_mode & 0o777) for path in (folder, folder + '/KEY')]\n"
    "    ctx.emit('param', 'modes', modes)\n"
    "    ctx.emit('param', 'leaks', 'KEY' in os.environ)\n"
    "    ctx.emit('param', 'variable', os.environ['PLACE'])\n"
    "    assert mfbench.secret('KEY') == 'open\\nsesame', mfbench.secret('KEY')\n"
    "    print(folder, flush=True)\n"
    "    raise ValueError('it was sesame, from ' + os.environ['PLACE'])\n"
)


def start(folder: Path, **environment: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "mfbench.worker", "--attached", str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=os.environ | environment,
        process_group=0,
    )


def told(worker: subprocess.Popen[bytes], variables: dict[str, str], secrets: dict[str, str]) -> IO[bytes]:
    """What the worker prints, once it has its order. Its input stays open."""
    assert worker.stdin is not None
    assert worker.stdout is not None
    worker.stdin.write(order_line(variables, secrets))
    worker.stdin.flush()
    return worker.stdout


def begun(folder: Path, marker: str) -> subprocess.Popen[bytes]:
    """A worker whose step has said that it is there."""
    worker = start(folder, MFBENCH_MARKER=marker)
    assert told(worker, {}, {}).readline() == b"here\n"
    return worker


def a_job(folder: Path, code: str) -> Path:
    (folder / "step.py").write_text(code)
    run = job(folder, "step")
    (run / "work").mkdir()
    return run


def test_a_job_runs_to_its_end(tmp_path: Path) -> None:
    run = a_job(tmp_path, "def run(ctx):\n    print('done')\n")
    worker = start(run)
    assert told(worker, {}, {}).read() == b"done\n"
    assert worker.wait(timeout=30) == 0
    assert "finished" in [event[5] for event in read_events(run / "events") if event[2] == "step.ended"]


def test_nobody_there_is_no_job(tmp_path: Path) -> None:
    run = a_job(tmp_path, "def run(ctx):\n    ctx.output('ran').touch()\n")
    worker = start(run)
    worker.communicate(b'{"variables": {}', timeout=60)  # who was about to write it has died
    assert worker.returncode == 1
    assert not (run / "work" / "only").exists()


@pytest.mark.parametrize("code", [SLEEPS, CHILDREN, GREEDY])
def test_the_end_of_its_input_ends_it_with_all_it_started(tmp_path: Path, code: str) -> None:
    worker = begun(a_job(tmp_path, code), marker := f"input-{tmp_path.name}-{os.getpid()}")
    assert len(pids_of(marker)) >= 2
    worker.stdin.close()  # type: ignore[union-attr]
    assert worker.wait(timeout=30) == -signal.SIGKILL
    until(lambda: not pids_of(marker), 30)


def test_the_end_of_the_run_ends_it(tmp_path: Path) -> None:
    worker = begun(run := a_job(tmp_path, SLEEPS), marker := f"over-{tmp_path.name}-{os.getpid()}")
    (run / "work" / "only").rmdir()
    (run / "work").rmdir()
    assert worker.wait(timeout=30) == -signal.SIGKILL
    until(lambda: not pids_of(marker), 30)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_as_its_job_does_when_asked(tmp_path: Path, number: signal.Signals) -> None:
    worker = begun(a_job(tmp_path, SLEEPS), "asked")
    worker.send_signal(number)
    assert worker.wait(timeout=30) == -number


def test_a_killed_job_is_told_as_that(tmp_path: Path) -> None:
    run = a_job(tmp_path, "import os\ndef run(ctx):\n    os.kill(os.getpid(), 11)\n")
    worker = start(run)
    told(worker, {}, {}).read()
    assert worker.wait(timeout=30) == -signal.SIGSEGV


def test_secrets_come_as_files_and_go_with_it(tmp_path: Path) -> None:
    run = a_job(tmp_path, LOOKS)
    write_job(run, msgspec.structs.replace(read_job(run), variables=("PLACE",), secrets=("KEY",)))
    worker = start(run)
    out = told(worker, {"PLACE": "the moon"}, {"KEY": "open\nsesame"}).read()
    assert worker.wait(timeout=30) == 1
    folder = Path(out.decode().splitlines()[0])
    assert folder.is_absolute()
    assert not folder.exists()
    events = read_events(run / "events")
    found = {event[3]: event[4] for event in events if event[2] == "param"}
    assert found == {"modes": ["0o700", "0o400"], "leaks": False, "variable": "${PLACE}"}
    [ended] = [event for event in events if event[2] == "step.ended"]
    assert ended[9]["message"] == "ValueError: it was ${KEY}, from ${PLACE}"
    assert not [path for path in run.rglob("*") if path.is_file() and b"sesame" in path.read_bytes()]


def test_secrets_go_where_they_are_wanted(tmp_path: Path) -> None:
    place = tmp_path / "secrets"
    place.mkdir()
    look = (
        "import mfbench, pathlib\ndef run(ctx):\n    assert mfbench.secret('KEY') == 'x'\n"
        f"    assert pathlib.Path({str(place)!r}, 'KEY').stat().st_mode & 0o777 == 0o400\n"
    )
    worker = start(a_job(tmp_path, look), **{SECRETS: str(place)})
    out = told(worker, {}, {"KEY": "x"}).read()
    assert worker.wait(timeout=30) == 0, out
    assert not place.exists()


def test_a_stopped_worker_leaves_no_secret(tmp_path: Path) -> None:
    deaf = (
        "import os, signal, time\ndef run(ctx):\n    signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "    print(os.environ['MFBENCH_SECRETS'], flush=True)\n    time.sleep(600)\n"
    )
    worker = start(a_job(tmp_path, deaf))
    folder = Path(told(worker, {}, {"KEY": "x"}).readline().decode().strip())
    assert folder.exists()
    os.killpg(worker.pid, signal.SIGTERM)
    until(lambda: not folder.exists(), 30)
    os.killpg(worker.pid, signal.SIGKILL)
    worker.wait(timeout=30)
