"""A container engine of the tests' own, which may be killed: beside the machine's, with nothing in common with it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.engines import missing
from tests.support import until

BRIDGE = "mfbench-test"


class OwnEngine:
    """dockerd in a folder of its own, without networks: containers have none, or the machine's own ("host")."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.host = f"unix://{folder}/docker.sock"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Again as often as one likes. What ran when it was killed has ended by then."""
        (self.folder / "pid").unlink(missing_ok=True)
        data = self.folder / "data"
        if not data.exists():  # in memory, which is written and emptied fast
            data.mkdir()
            subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4g", "tmpfs", str(data)], check=True)
        words = [
            "dockerd", "--host", self.host, "--pidfile", str(self.folder / "pid"), "--bridge", BRIDGE,
            "--data-root", str(self.folder / "data"), "--exec-root", str(self.folder / "exec"),
            "--iptables=false", "--ip-forward=false", "--ip-masq=false", "--userland-proxy=false",
        ]  # fmt: skip
        # Told to have no bridge at all, it would take away that of the machine's engine.
        subprocess.run(["ip", "link", "add", BRIDGE, "type", "bridge"], check=False, stderr=subprocess.DEVNULL)
        subprocess.run(["ip", "addr", "replace", "10.231.7.1/24", "dev", BRIDGE], check=True)
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(words, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        until(self.answers)

    def answers(self) -> bool:
        assert self._process is None or self._process.poll() is None, (self.folder / "log").read_text()[-2000:]
        return self.docker("version", check=False).returncode == 0

    def kill(self) -> None:
        """kill -9 of dockerd and its containerd: containers live on without them."""
        assert self._process
        self._process.kill()
        self._process.wait()
        self._process = None
        found = self.folder / "exec/containerd/containerd.pid"
        pid = int(found.read_text())
        until(lambda: not _lives(pid))  # it dies with dockerd; one that starts at once would wait for it forever
        found.unlink()

    def docker(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("DOCKER_")}
        return subprocess.run(
            ["docker", *words], env=clean | {"DOCKER_HOST": self.host}, capture_output=True, text=True, check=check
        )

    def take(self, *images: str) -> None:
        """Copies images of the machine's engine."""
        with subprocess.Popen(["docker", "save", *images], stdout=subprocess.PIPE) as saved:
            loaded = subprocess.run(
                ["docker", "--host", self.host, "load"], stdin=saved.stdout, capture_output=True, check=True
            )
        assert saved.returncode == 0, loaded.stderr

    def end(self) -> None:
        """With all that runs in it, and without a trace."""
        if self._process is None:
            self.start()
        running = self.docker("ps", "-aq", check=False).stdout.split()
        if running:
            self.docker("rm", "-f", *running, check=False)
        assert self._process
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        subprocess.run(["ip", "link", "delete", BRIDGE], check=False)
        self._end_shims()
        for line in reversed(Path("/proc/self/mountinfo").read_text().splitlines()):
            place = line.split()[4]
            if place.startswith(f"{self.folder}/"):
                subprocess.run(["umount", "-l", place], check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _end_shims(self) -> None:
        """An engine that was killed while it started a container has forgotten the process that was to become it."""
        words = ["ps", "-ww", "-eo", "pid=,ppid=,args="]
        rows = [
            line.split(None, 2) for line in subprocess.run(words, capture_output=True, text=True).stdout.splitlines()
        ]
        shims = {pid for pid, _, args in rows if str(self.folder) in args}
        for pid in {pid for pid, parent, _ in rows if parent in shims} | shims:
            with suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def possible() -> str:
    """What keeps a second engine from running here; '' where nothing does."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "an engine of the tests' own needs root on Linux"
    missing = [word for word in ("dockerd", "docker", "ip") if not shutil.which(word)]
    return f"not installed: {', '.join(missing)}" if missing else ""


@pytest.fixture(scope="session")
def own_engine(engine: object) -> Iterator[OwnEngine]:
    problem = possible()
    if problem:
        missing(problem)
    made = OwnEngine(Path(tempfile.mkdtemp(prefix="mfb-engine-")))
    try:
        made.start()
        yield made
    finally:
        made.end()
