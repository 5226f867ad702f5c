"""The worker in a container, on a real engine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import msgspec
import pytest

from mfbench.core.errors import DamageError, EngineError, InstallError, UsageError
from mfbench.executors.base import Executor
from mfbench.executors.docker.executor import DockerExecutor
from mfbench.executors.docker.labels import RUN, WORKSPACE
from mfbench.executors.docker.lending import STRANGER
from mfbench.executors.environment import Environment
from mfbench.executors.local import LocalExecutor
from mfbench.journal.reader import read_events
from mfbench.testing import ExecutorContract
from mfbench.testing.executors import NAME, finish
from mfbench.worker.job import JobStep, read_job, write_job
from tests import children
from tests.engines import missing
from tests.executors.boxed import Boxed, a_job, boxed, foreign, wait_for_line
from tests.support import until

if TYPE_CHECKING:
    from docker import DockerClient

ROOT = os.geteuid() == 0
SLEEPS = "import time\ndef run(ctx):\n    print('here', flush=True)\n    time.sleep(600)\n"
NOTHING = "def run(ctx):\n    pass\n"


class TestDockerExecutor(ExecutorContract):
    @pytest.fixture(autouse=True)
    def _in_the_default_environment(self, environment_image: Environment) -> None:
        self.environment = environment_image.place

    def make(self) -> Executor:
        return DockerExecutor()


@pytest.fixture
def place(environment_image: Environment) -> str:
    return environment_image.place


def containers(engine: DockerClient, run: str = NAME) -> list[str]:
    return [one["Id"] for one in engine.api.containers(all=True, filters={"label": f"{RUN}={run}"})]


def test_the_same_events_as_on_this_machine(tmp_path: Path, place: str) -> None:
    code = (
        "def run(ctx):\n    ctx.log('hello')\n    ctx.emit('m', 'loss', 0, 0.1 + 0.2)\n"
        "    ctx.output('deep/er/x.txt').write_text('wäre')\n    print('out')\n"
    )
    told = []
    for name, executor in (("here", LocalExecutor()), ("there", DockerExecutor())):
        (tmp_path / name).mkdir()
        run = a_job(tmp_path / name, place if name == "there" else "", code)
        ended, printed = finish(executor.start(run, None))
        events = [event[2:7] + event[8:] for event in read_events(run / "events") if event[2] != "header"]
        told.append((ended, printed, events, (run / "work/only/deep/er/x.txt").read_text()))
    assert told[0] == told[1]


@pytest.mark.parametrize("name", ["with spaces", "a,comma", "co:lon=", "späße 実験", "quo'te\"s", "new\nline"])
def test_any_path_is_the_same_inside(tmp_path: Path, place: str, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    (folder / "data.csv").write_text("a\n1\n")
    path = str(folder / "data.csv")
    done = boxed(folder, place, f"def run(ctx):\n    assert open({path!r}).read() == 'a\\n1\\n'\n", reads=(path,))
    assert (done.ended.code, done.printed) == (0, [])


def test_links_on_the_way(tmp_path: Path, place: str) -> None:
    """The workspace below a link, a source that is one, another that is named through one."""
    real, shown = tmp_path / "real", tmp_path / "shown"
    (real / "data").mkdir(parents=True)
    (tmp_path / "far").mkdir()
    (tmp_path / "far" / "away.csv").write_text("away")
    (real / "data" / "linked.csv").symlink_to(tmp_path / "far" / "away.csv")
    (real / "data" / "plain.csv").write_text("plain")
    shown.symlink_to(real)
    paths = [f"{shown}/data/linked.csv", f"{shown}/data/plain.csv", f"{real}/data/linked.csv"]
    code = f"def run(ctx):\n    for path in {paths!r}:\n        print(open(path).read())\n"
    done = boxed(shown, place, code, reads=tuple(paths[:2]))
    assert (done.ended.code, done.printed) == (0, ["away", "plain", "away"])


def test_very_many_sources_come_as_their_folders(tmp_path: Path, place: str) -> None:
    """The project's own folder is one of them: of the workspace in it, nothing but this run is seen."""
    tmp_path.chmod(0o755)
    (tmp_path / ".env").touch(0o600)  # lies there too, and is nobody's source
    workspace = tmp_path / ".mfbench"
    (workspace / "runs").mkdir(parents=True)
    (workspace / "blobs").mkdir()
    (workspace / "ledger").mkdir()
    (tmp_path / "elsewhere").mkdir()
    paths = [tmp_path / f"part-{number}.csv" for number in range(300)]
    for path in paths:
        path.write_text(path.name)
    (tmp_path / "elsewhere" / "last.csv").write_text("last.csv")
    (tmp_path / "last.csv").symlink_to("elsewhere/last.csv")
    paths.append(tmp_path / "last.csv")
    code = (
        f"import os, pathlib\ndef run(ctx):\n    for path in {[str(path) for path in paths]!r}:\n"
        f"        assert open(path).read() == pathlib.Path(path).name\n"
        f"    print(sorted(os.listdir({str(workspace)!r})))\n"
    )
    run = a_job(tmp_path, place, code, reads=[str(path) for path in paths])
    inside = workspace / "runs" / "contract"
    run.rename(inside)
    write_job(inside, msgspec.structs.replace(read_job(inside), recipe_folder="../../..", blobs="../../blobs"))
    ended, printed = finish(DockerExecutor().start(inside, None))
    assert (ended.code, printed) == (0, ["['runs']"])


def test_cached_outputs_and_given_files_are_read_where_they_lie(tmp_path: Path, place: str) -> None:
    blobs = tmp_path / "blobs"
    blobs.mkdir()
    for digest, text in (("a" * 64, "cached"), ("b" * 64, "given"), ("c" * 64, "of others")):
        (blobs / digest).write_text(text)
        (blobs / digest).chmod(0o444)
    code = (
        "import os\ndef run(ctx):\n"
        "    print(ctx.input('before', 'x').read_text(), ctx.input('champion', 'y').read_text())\n"
        f"    print(sorted(name[0] for name in os.listdir({str(blobs)!r})))\n"
    )
    run = a_job(tmp_path, place, code)
    spec = read_job(run)
    before = JobStep(name="before", call="no", key="1" * 64, needs=(), config={}, cached=True, outputs={"x": "a" * 64})
    only = msgspec.structs.replace(spec.steps[0], needs=("before",))
    write_job(run, msgspec.structs.replace(spec, steps=(before, only), given={"champion": {"y": "b" * 64}}))
    ended, printed = finish(DockerExecutor().start(run, None))
    assert (ended.code, printed) == (0, ["cached given", "['a', 'b']"])


def test_what_comes_back_belongs_to_the_caller(tmp_path: Path, place: str) -> None:
    code = "def run(ctx):\n    ctx.output('deep/er/x').touch()\n    (ctx.run_folder / 'study.log').touch()\n    1 / 0\n"
    done = boxed(tmp_path, place, code)
    assert done.ended.code == 1
    assert (done.folder / "work/only/deep/er/x").exists()
    assert foreign(done.folder) == []
    # And the next attempt of the same run takes it up, and writes a journal of its own.
    (tmp_path / "step.py").write_text("def run(ctx):\n    (ctx.run_folder / 'study.log').write_text('on')\n")
    ended, printed = finish(DockerExecutor().start(done.folder, None))
    assert (ended.code, printed) == (0, [])
    assert (done.folder / "study.log").read_text() == "on"
    assert sorted(path.name for path in (done.folder / "events").iterdir()) == ["worker-1.jsonl", "worker-2.jsonl"]
    assert foreign(done.folder) == []


def test_stop_takes_seconds_and_leaves_nothing(tmp_path: Path, place: str, engine: DockerClient) -> None:
    run = a_job(tmp_path, place, SLEEPS)
    execution = DockerExecutor().start(run, None)
    wait_for_line(execution, "here")
    [container] = containers(engine)
    state = engine.api.inspect_container(container)
    assert state["Config"]["Labels"][WORKSPACE] == ""
    ended = execution.stop(3.0)
    assert (ended.signal, ended.cause) == (signal.SIGTERM, None)
    assert execution.stop(3.0) == execution.poll(0.0) == ended
    assert containers(engine) == []
    assert foreign(run) == []


def test_limits_and_what_is_seen_of_it(tmp_path: Path, place: str, engine: DockerClient) -> None:
    execution = DockerExecutor().start(a_job(tmp_path, place, SLEEPS, memory=300_000_000, cpus=64), None)
    try:
        wait_for_line(execution, "here")
        [container] = containers(engine)
        found = engine.api.inspect_container(container)
        limits = found["HostConfig"]
        assert limits["NetworkMode"] == "none"
        assert limits["Memory"] == limits["MemorySwap"] == 300_000_000
        assert limits["NanoCpus"] == engine.info()["NCPU"] * 10**9  # never more than there are
        assert limits["ReadonlyRootfs"]
        assert limits["CapDrop"] == ["ALL"]
        assert "no-new-privileges:true" in limits["SecurityOpt"]
        assert 512 <= limits["PidsLimit"] < 10_000
        assert not limits["Devices"]
        assert not limits["Privileged"]
        writable = {mount["Destination"] for mount in found["Mounts"] if mount["RW"]}
        assert writable == {str(tmp_path / "run"), str(tmp_path / "run" / "events")}
        until(lambda: execution.usage() is not None)
        usage = execution.usage()
        assert usage is not None
        assert 1_000_000 < usage.memory <= usage.peak < 300_000_000
        assert 0 <= usage.cpu < 3
    finally:
        execution.stop(0.0)


def test_secrets_are_nowhere_but_inside(
    tmp_path: Path, place: str, engine: DockerClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("TOKEN", "open-sesame"), ("WAREHOUSE", "the-vault"), ("http_proxy", "http://me:hidden@proxy")):
        monkeypatch.setenv(name, value)
    code = (
        "import mfbench, os, time\ndef run(ctx):\n"
        "    assert mfbench.secret('TOKEN') == 'open-sesame' and 'TOKEN' not in os.environ\n"
        "    assert os.environ['WAREHOUSE'] == 'the-vault' and 'http_proxy' not in os.environ\n"
        "    ctx.emit('param', 'mode', oct(os.stat('/run/secrets/TOKEN').st_mode))\n"
        "    ctx.emit('param', 'said', mfbench.secret('TOKEN') + os.environ['WAREHOUSE'])\n"
        "    print('here', flush=True)\n    time.sleep(600)\n"
    )
    run = a_job(tmp_path, place, code, secrets=("TOKEN",), variables=("WAREHOUSE", "UNSET"))
    execution = DockerExecutor().start(run, None)
    try:
        wait_for_line(execution, "here")
        [container] = containers(engine)
        shown = json.dumps(engine.api.inspect_container(container)) + json.dumps(engine.api.top(container))
    finally:
        execution.stop(0.0)
    assert Boxed(run, execution.stop(0.0), []).params == {"mode": "0o100400", "said": "${TOKEN}${WAREHOUSE}"}
    texts = [shown, *(path.read_text() for path in run.rglob("*") if path.is_file())]
    assert not [word for word in ("open-sesame", "the-vault", "hidden") for text in texts if word in text]


def test_a_secret_that_is_not_set_is_said_before_anything_starts(tmp_path: Path, place: str) -> None:
    with pytest.raises(UsageError, match="a secret NOT_SET, and no variable of that name is set"):
        DockerExecutor().start(a_job(tmp_path, place, NOTHING, secrets=("NOT_SET",)), None)


def test_lines_are_whole_whatever_the_pieces(tmp_path: Path, place: str) -> None:
    code = (
        "import os, time\ndef run(ctx):\n    for piece in (b'o', b'ne\\ntw'):\n"
        "        os.write(1, piece)\n        time.sleep(0.05)\n        os.write(2, b'err')\n        time.sleep(0.05)\n"
        "    os.write(1, b'o\\n' + b'x' * 100_000 + b'\\n' + b'\\xff' + b'last')\n"
        "    print()\n    print(*range(30_000), sep='\\n')\n"
    )
    done = boxed(tmp_path, place, code)
    assert done.ended.code == 0
    assert done.printed[:2] == ["one", "two"]
    long = done.printed[2 : done.printed.index("\ufffdlast")]
    assert "".join(long) == "x" * 100_000
    numbers = [line for line in done.printed if line.isdigit()]
    assert numbers == [str(number) for number in range(30_000)]
    assert done.printed.count("errerr") == 1


def test_out_of_memory(tmp_path: Path, place: str) -> None:
    code = "def run(ctx):\n    print('begins', flush=True)\n    kept = [bytes([1]) * 2**20 for _ in range(500)]\n"
    done = boxed(tmp_path, place, code, memory=100_000_000)
    assert (done.ended.cause, done.ended.signal, done.printed) == ("oom", signal.SIGKILL, ["begins"])


def test_a_killed_child_that_nobody_minds(tmp_path: Path, place: str) -> None:
    code = (
        "import subprocess, sys\ndef run(ctx):\n"
        "    greedy = 'kept = [bytes([1]) * 2**20 for _ in range(500)]'\n"
        "    assert subprocess.run([sys.executable, '-c', greedy]).returncode == -9\n"
    )
    done = boxed(tmp_path, place, code, memory=100_000_000)
    assert (done.ended.code, done.ended.cause) == (0, "child")
    assert "more memory than it may" in done.ended.detail


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_a_killed_worker(tmp_path: Path, place: str, number: int) -> None:
    done = boxed(tmp_path, place, f"import os\ndef run(ctx):\n    os.kill(os.getpid(), {int(number)})\n")
    assert (done.ended.signal, done.ended.cause) == (number, None)


def test_a_step_that_fails_for_the_want_of_a_killed_child(tmp_path: Path, place: str) -> None:
    code = (
        "import subprocess, sys\ndef run(ctx):\n"
        "    greedy = 'kept = [bytes([1]) * 2**20 for _ in range(500)]'\n"
        "    subprocess.run([sys.executable, '-c', greedy], check=True)\n"
    )
    done = boxed(tmp_path, place, code, memory=100_000_000)
    assert (done.ended.code, done.ended.cause) == (1, "child")
    assert done.error is not None
    assert done.error["type"] == "CalledProcessError"


def test_a_full_disk(tmp_path: Path, place: str) -> None:
    code = "def run(ctx):\n    open('/tmp/x', 'wb').write(bytes(10**9))\n"
    done = boxed(tmp_path, place, code, memory=200_000_000)
    assert done.error is not None
    assert "disk" in done.error["message"]


DRIVER = """
import sys, time
from pathlib import Path
from mfbench.executors.docker.executor import DockerExecutor
execution = DockerExecutor().start(Path(sys.argv[1]), None)
while True:
    execution.poll(0.05)
    print(*execution.printed(), flush=True)
"""


def test_a_dead_driver_is_the_end_of_the_container(tmp_path: Path, place: str, engine: DockerClient) -> None:
    run = a_job(tmp_path, place, SLEEPS)
    driver = children.start(DRIVER, run)
    assert driver.stdout is not None
    while driver.stdout.readline() != "here\n":
        assert driver.poll() is None
    [container] = containers(engine)
    try:
        children.kill(driver)
        until(lambda: not engine.api.inspect_container(container)["State"]["Running"], 10)
    finally:
        engine.api.remove_container(container, force=True)


PROXY = """
import socket, sys, threading
def copy(a, b):
    try:
        while data := a.recv(65536):
            b.sendall(data)
        b.shutdown(socket.SHUT_WR)
    except OSError:
        pass
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen(64)
print("ready", flush=True)
while True:
    near, _ = listener.accept()
    far = socket.socket(socket.AF_UNIX)
    far.connect(sys.argv[2])
    for pair in ((near, far), (far, near)):
        threading.Thread(target=copy, args=pair, daemon=True).start()
"""


def test_a_lost_engine_is_told_at_once(
    tmp_path: Path, place: str, engine: DockerClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What stands between us and the engine dies: to us, that is the engine."""
    from mfbench.executors.docker.client import answers

    _, endpoint = answers()
    socket = f"/tmp/mfbench-{os.getpid()}.sock"  # a socket's path is short
    proxy = children.start(PROXY, socket, endpoint.removeprefix("unix://"))
    try:
        assert proxy.stdout is not None
        proxy.stdout.readline()
        monkeypatch.setenv("DOCKER_HOST", f"unix://{socket}")
        run = a_job(tmp_path, place, SLEEPS)
        execution = DockerExecutor().start(run, None)
        wait_for_line(execution, "here")
        [container] = containers(engine)
        children.kill(proxy)
        ended = execution.poll(5.0)
        assert ended is not None
        assert ended.cause == "engine"
        assert execution.stop(3.0) == ended
        assert foreign(run) == []
        until(lambda: not engine.api.inspect_container(container)["State"]["Running"], 10)  # its input has ended
        with pytest.raises(EngineError):
            DockerExecutor().start(run, None)
    finally:
        proxy.kill()
        Path(socket).unlink(missing_ok=True)
        for left in containers(engine):
            engine.api.remove_container(left, force=True)


def test_an_image_that_is_gone(tmp_path: Path, engine: DockerClient) -> None:
    run = a_job(tmp_path, "sha256:" + "0" * 64, NOTHING)
    with pytest.raises(InstallError, match="missing image"):
        DockerExecutor().start(run, None)
    assert foreign(run) == []
    assert containers(engine) == []


def test_what_is_not_there_is_said_by_name(tmp_path: Path, place: str, engine: DockerClient) -> None:
    gone = str(tmp_path / "gone.csv")
    with pytest.raises(UsageError, match="named as a source and is not there") as refused:
        DockerExecutor().start(a_job(tmp_path, place, NOTHING, reads=(gone,)), None)
    assert refused.value.where == gone
    run = tmp_path / "run"
    write_job(run, msgspec.structs.replace(read_job(run), reads=(), given={"champion": {"x": "d" * 64}}))
    with pytest.raises(DamageError, match="blob dddddddddddd is missing"):
        DockerExecutor().start(run, None)
    assert containers(engine) == []


@pytest.mark.parametrize("place_", ["/proc/cpuinfo", "/dev/zero", "/sys/kernel/profiling"])
def test_sources_that_are_no_files_of_a_disk(tmp_path: Path, place: str, place_: str) -> None:
    with pytest.raises(UsageError, match=r"no file of a disk|is not there"):
        DockerExecutor().start(a_job(tmp_path, place, NOTHING, reads=(place_,)), None)


@pytest.mark.parametrize("folder", ["/", "/usr/share", "/etc", "/opt", "/run", "/proc"])
def test_folders_that_a_container_has_itself(tmp_path: Path, place: str, folder: str) -> None:
    with pytest.raises(UsageError, match="where a container has its own system"):
        DockerExecutor().start(a_job(tmp_path, place, NOTHING, reads=(folder,)), None)


@pytest.mark.skipif(not ROOT, reason="an ordinary user's containers read what the user can read")
def test_a_source_that_the_containers_user_may_not_read(tmp_path: Path, place: str, engine: DockerClient) -> None:
    private, folder = tmp_path / "private.csv", tmp_path / "deep"
    private.write_text("x")
    private.chmod(0o600)
    folder.mkdir()
    (folder / "private.csv").write_text("x")
    (folder / "private.csv").chmod(0o640)
    for path, named in ((private, private), (folder, folder / "private.csv")):
        (tmp_path / path.stem).mkdir(exist_ok=True)
        run = a_job(tmp_path / path.stem, place, NOTHING, reads=(str(path),))
        with pytest.raises(UsageError, match="may not be read from inside") as refused:
            DockerExecutor().start(run, None)
        assert refused.value.where == str(named)
        assert "chmod" in str(refused.value.hint)
        assert foreign(run) == []
    private.chmod(0o604)
    assert boxed(tmp_path, place, f"def run(ctx):\n    open({str(private)!r})\n", reads=(str(private),)).ended.code == 0
    assert containers(engine) == []


@pytest.mark.skipif(not ROOT, reason="an ordinary user's files are that user's inside, too")
def test_what_root_keeps_to_itself(tmp_path: Path, place: str) -> None:
    """A workspace below a folder that is closed in images, and files of a run that are made for root's eyes alone."""
    with TemporaryDirectory(dir="/root") as home:
        before = os.umask(0o077)
        try:
            run = a_job(Path(home), place, NOTHING)
        finally:
            os.umask(before)
        for path in read_job(run).reads:
            Path(path).chmod(0o644)
        ended, printed = finish(DockerExecutor().start(run, None))
        assert (ended.code, printed) == (0, [])
        assert foreign(run) == []


@pytest.mark.skipif(not ROOT or sys.platform != "linux", reason="only root can mount")
def test_what_is_mounted_in_a_sources_folder_is_read_only_too(tmp_path: Path, place: str) -> None:
    inner = tmp_path / "data" / "in ner"
    inner.mkdir(parents=True)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=0777", "none", inner], check=False).returncode:
        missing("this machine lets nobody mount")
    try:
        (inner / "x.csv").write_text("x")
        path = str(inner / "x.csv")
        code = f"def run(ctx):\n    print(open({path!r}).read())\n    open({path!r} + '.new', 'w')\n"
        done = boxed(tmp_path, place, code, reads=(str(tmp_path / "data"),))
    finally:
        subprocess.run(["umount", inner], check=True)
    assert done.printed == ["x"]
    assert done.error is not None
    assert "Read-only file system" in done.error["message"]


@pytest.mark.skipif(not ROOT, reason="only root can become somebody else")
def test_an_ordinary_users_container_runs_as_that_user(tmp_path: Path, place: str) -> None:
    """By numbers alone: the caller's are the container's, and nothing is lent."""
    from mfbench.executors.docker.container import _user, lends

    assert _user({}) == (STRANGER, STRANGER)
    assert _user({"SecurityOptions": ["name=seccomp", "name=rootless"]}) == (0, 0)
    assert not lends({"SecurityOptions": ["name=rootless"]})
    code = (
        "import os\nfrom mfbench.executors.docker.container import _user, lends\nos.setgid(4321)\nos.setuid(1234)\n"
        "assert _user({}) == (1234, 4321) and not lends({})\n"
    )
    children.run(code)


def test_a_network_only_where_the_recipe_asks(tmp_path: Path, place: str, engine: DockerClient) -> None:
    if not any(found.startswith("docker") for found in os.listdir("/sys/class/net")) and sys.platform == "linux":
        missing("the engine's own bridge is not there")
    code = "import os\ndef run(ctx):\n    print(sorted(os.listdir('/sys/class/net')))\n"
    assert "eth0" in boxed(tmp_path, place, code, network=True).printed[0]
