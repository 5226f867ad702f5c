"""Virtual environments: made once, found again, and the worker in them. One takes some ten seconds to make."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mfbench.core.errors import InstallError, MfbenchError, StoppedError, UsageError
from mfbench.core.versions import python_version, version
from mfbench.executors import uses
from mfbench.executors.base import Executor, Leftover
from mfbench.executors.environment import Asked, Environment, platform
from mfbench.executors.venv import VenvExecutor
from mfbench.testing.executors import ExecutorContract, finish, job
from mfbench.worker.job import read_job, write_job
from mfbench.workspace.locks import locked
from tests import children
from tests.executors.packages import wheel
from tests.support import until

OFFLINE = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "", "PIP_CONFIG_FILE": os.devnull}


def make(asked: Asked) -> tuple[Environment, list[str]]:
    told: list[str] = []
    return VenvExecutor().make(asked, told.append, lambda: False), told


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def _own_cache(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))


@pytest.fixture(scope="session")
def place(cache: Path) -> Iterator[Environment]:
    """An environment that an empty step runs in, with a small package that is not here."""
    wheel(cache / "wheels", "tinypack")
    text = f"msgspec=={version('msgspec')}\ntinypack==1.0\n"
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("XDG_CACHE_HOME", str(cache))
        yield make(Asked(requirements=text, wheelhouse=str(cache / "wheels")))[0]


@pytest.fixture
def bare() -> Environment:
    """One with nothing in it; the first test that needs it makes it."""
    return make(Asked(requirements="# nothing\n"))[0]


def leftover(name: str) -> list[Leftover]:
    return [left for left in VenvExecutor().leftovers("", lambda _: True) if left.name == name]


class TestVenvExecutor(ExecutorContract):
    @pytest.fixture(autouse=True)
    def _place(self, place: Environment) -> None:
        self.environment = place.place

    def make(self) -> Executor:
        return VenvExecutor()


class TestMade:
    def test_it_is_made_once_and_found_again(self, bare: Environment) -> None:
        asked = Asked(requirements="# nothing\n")
        assert VenvExecutor().find(asked) == bare
        assert make(asked) == (bare, [])
        assert (bare.python, bare.platform) == (python_version(), platform())
        assert "pip" in bare.versions
        [left] = leftover(Path(bare.place).name)
        assert left.bytes > 1_000_000  # pip alone
        assert VenvExecutor().find(Asked(requirements="# something else\n")) is None

    def test_what_belongs_to_docker_is_remarked(self, bare: Environment) -> None:
        _, told = make(Asked(requirements="# nothing\n", base="python:3.12", apt=("libgomp1",)))
        assert told == ["the base image and Debian packages that are named belong to Docker: left out"]

    def test_pips_own_last_lines_are_shown_and_nothing_is_left(self, cache: Path) -> None:
        before = set((cache / "mfbench" / "venvs").glob("*"))
        asked = Asked(requirements="tinypack==3.0\n", args=OFFLINE)
        with pytest.raises(InstallError, match="pip failed with exit code 1") as raised:
            make(asked)
        assert "No matching distribution found for tinypack==3.0" in str(raised.value.hint)
        assert set((cache / "mfbench" / "venvs").glob("*")) == before
        assert VenvExecutor().find(asked) is None

    def test_a_wheelhouse_has_to_be_there(self) -> None:
        with pytest.raises(UsageError, match="the wheelhouse is no folder"):
            VenvExecutor().find(Asked(requirements="", wheelhouse="/nowhere"))

    def test_a_stop_leaves_nothing(self, cache: Path) -> None:
        before = set((cache / "mfbench" / "venvs").glob("*"))
        asked = Asked(requirements="# stopped\n")
        begun = threading.Event()

        def stopping() -> bool:  # it is asked before every line, so the second time something runs
            was, _ = begun.is_set(), begun.set()
            return was

        with pytest.raises(StoppedError):
            VenvExecutor().make(asked, print, stopping)
        assert set((cache / "mfbench" / "venvs").glob("*")) == before

    def test_a_maker_that_is_killed_takes_the_installer_with_it(self, cache: Path) -> None:
        code = """
import sys
from mfbench.executors.environment import Asked
from mfbench.executors.venv import VenvExecutor
VenvExecutor().make(Asked(requirements="# killed\\n"), print, lambda: False)
"""
        venvs = cache / "mfbench" / "venvs"
        before = set(venvs.glob("*"))
        maker = children.start(code)
        until(lambda: any(venvs.glob("*/pyvenv.cfg")) and bool(set(venvs.glob("*")) - before))
        [half] = set(venvs.glob("*")) - before
        children.kill(maker)
        until(lambda: not users_of(half))
        assert not (half / "bin" / "pip").exists()  # it did not go on to its end
        assert VenvExecutor().find(Asked(requirements="# killed\n")) is None
        [left] = leftover(half.name)
        assert (left.kind, left.used) == ("environment", None)
        VenvExecutor().remove(left)
        assert not half.exists()

    def test_one_whose_interpreter_has_gone_is_not_found(self, bare: Environment) -> None:
        python = Path(bare.place, "bin", "python")
        target = python.readlink()
        python.unlink()
        try:
            assert VenvExecutor().find(Asked(requirements="# nothing\n")) is None
        finally:
            python.symlink_to(target)
        assert VenvExecutor().find(Asked(requirements="# nothing\n")) == bare


class TestLeftovers:
    @pytest.fixture
    def folder(self, cache: Path) -> Path:
        """What looks like an environment."""
        folder = cache / "mfbench" / "venvs" / "0123456789abcdef"
        (folder / "lib").mkdir(parents=True, exist_ok=True)
        (folder / "lib" / "big").write_bytes(b"x" * 5000)
        (folder / "lib" / "python").symlink_to("/usr/bin/python3")
        (folder / "size.txt").write_text("5002")
        (folder / "facts.json").write_bytes(b"{}")
        return folder

    def test_environments_are_listed_with_their_last_use_and_removed(self, folder: Path) -> None:
        uses.mark(folder.name)
        [left] = leftover(folder.name)
        assert (left.kind, left.bytes, left.used) == ("environment", 5002, uses.last_used(folder.name))
        VenvExecutor().remove(left)
        assert not folder.exists()
        assert leftover(folder.name) == []
        assert uses.last_used(folder.name) is None
        VenvExecutor().remove(left)  # gone already: fine
        assert Path("/usr/bin/python3").exists()

    def test_one_that_is_being_made_is_let_alone(self, folder: Path) -> None:
        [left] = leftover(folder.name)
        (folder / "facts.json").unlink()
        scratch = folder.with_name(f"{folder.name}.tmp")
        scratch.mkdir()
        with locked(uses.build_lock(folder.name)):
            assert leftover(folder.name) + leftover(scratch.name) == []
            with pytest.raises(MfbenchError, match="is just being made"):
                VenvExecutor().remove(left)
        assert folder.exists()
        [half] = leftover(folder.name)
        assert half.used is None
        for one in (half, *leftover(scratch.name)):
            VenvExecutor().remove(one)
        assert not folder.exists()
        assert not scratch.exists()


LOOKS = """
import json, os, sys
from pathlib import Path
def run(ctx):
    import tinypack
    import mfbench
    secrets = Path(os.environ["MFBENCH_SECRETS"])
    print(json.dumps({
        "python": sys.prefix, "tinypack": tinypack.version, "secret": mfbench.secret("WORD_S"),
        "kept": sorted(path.name for path in secrets.iterdir()), "mode": secrets.stat().st_mode & 0o777,
        "environment": dict(os.environ), "path": sys.path, "hash": hash("mfbench"), "mfbench": mfbench.__file__,
    }))
"""


class TestWorker:
    @pytest.fixture
    def looks(self, place: Environment, tmp_path: Path) -> Path:
        (tmp_path / "looks.py").write_text(LOOKS)
        folder = job(tmp_path, "looks", place.place)
        write_job(
            folder, msgspec.structs.replace(read_job(folder), secrets=("WORD_S",), variables=("WORD_S", "PLACE_V"))
        )
        return folder

    def seen(self, folder: Path) -> Any:
        ended, printed = finish(VenvExecutor().start(folder, None))
        assert ended.code == 0, printed
        return msgspec.json.decode(printed[-1])

    def test_what_it_sees(self, looks: Path, place: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("WORD_S", "very secret")
        monkeypatch.setenv("PLACE_V", "a place")
        monkeypatch.setenv("PYTHONPATH", "/elsewhere")
        monkeypatch.setenv("TZ", "Asia/Tokyo")
        seen = self.seen(looks)
        assert seen["python"] == place.place
        assert seen["tinypack"] == "1.0"
        assert seen["secret"] == "very secret"
        assert seen["kept"] == ["WORD_S"]
        assert seen["mode"] == 0o700
        environment = seen["environment"]
        assert "very secret" not in environment.values()
        assert environment["PLACE_V"] == "a place"
        pinned = {"PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C.UTF-8", "OMP_NUM_THREADS": "1"}
        assert pinned.items() <= environment.items()
        assert not Path(environment["MFBENCH_SECRETS"]).exists()
        assert "/elsewhere" not in seen["path"]
        assert not any("site-packages" in part and not part.startswith(place.place) for part in seen["path"])
        again = self.seen(looks)
        assert again["hash"] == seen["hash"]

    def test_a_killed_worker_leaves_no_secret(self, looks: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("WORD_S", "very secret")
        (looks.parent / "looks.py").write_text(
            "import os, signal\ndef run(ctx):\n    print(os.environ['MFBENCH_SECRETS'], flush=True)\n"
            "    os.killpg(0, signal.SIGKILL)\n"
        )
        ended, printed = finish(VenvExecutor().start(looks, None))
        assert ended.signal == 9
        assert not Path(printed[-1]).exists()

    def test_a_secret_has_to_be_set(self, looks: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("WORD_S", raising=False)
        with pytest.raises(UsageError, match="secret WORD_S"):
            VenvExecutor().start(looks, None)

    def test_an_environment_that_has_gone(self, tmp_path: Path) -> None:
        with pytest.raises(InstallError, match="missing environment"):
            VenvExecutor().start(job(tmp_path, "mfbench.steps.noop", str(tmp_path / "gone")), None)


def users_of(folder: Path) -> list[str]:
    """Living processes that have `folder` among their words."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if os.fsencode(folder) in words:
            found.append(entry.name)
    return found
