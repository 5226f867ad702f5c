"""Runs the worker in a virtual environment of its own: a recipe's exact versions where no container engine is.

Environments lie in the user's cache folder, shared by all workspaces. `facts.json`, written last, says that one is
whole. The worker is the same as in a container, without the walls.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from mfbench.core.errors import InstallError, MfbenchError, StoreBusyError, from_os
from mfbench.core.files import write_whole
from mfbench.core.hashing import digest_bytes, digest_value
from mfbench.core.versions import python_version
from mfbench.executors import uses
from mfbench.executors.base import Leftover, Tell
from mfbench.executors.environment import Asked, Environment, platform
from mfbench.executors.installer import BOOT, Installation, chunks
from mfbench.executors.local import LocalExecution
from mfbench.executors.making import Stopping, alone, check_wheelhouse
from mfbench.executors.pinned import pinned
from mfbench.executors.warm import WarmWorker
from mfbench.recipe.environment import SECRETS
from mfbench.worker.attached import order_of, secrets_folder
from mfbench.worker.job import read_job
from mfbench.workspace.disk import cache_folder
from mfbench.workspace.locks import is_held, locked
from mfbench.workspace.workspace import WORK

VERSION = 1  # of what is done here
FACTS = "facts.json"
SIZE = "size.txt"  # bytes, beside the facts
_FOREIGN = ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__", SECRETS)


class VenvExecutor:
    name = "venv"
    installs = True
    sealed = False

    def find(self, asked: Asked) -> Environment | None:
        check_wheelhouse(asked)
        return _found(_folder(asked))

    def make(self, asked: Asked, tell: Tell, stopping: Callable[[], bool]) -> Environment:
        check_wheelhouse(asked)
        folder = _folder(asked)
        if asked.base or asked.apt:
            tell("the base image and Debian packages that are named belong to Docker: left out")
        with alone(folder.name, tell, stopping):
            found = _found(folder)
            if found:
                return found
            try:
                shutil.rmtree(folder, ignore_errors=True)  # half-made by somebody who was killed
                folder.parent.mkdir(parents=True, exist_ok=True)
                made = _install(asked, folder, tell, stopping)
                (folder / SIZE).write_text(str(_size(folder)))
                write_whole(folder / FACTS, msgspec.json.encode(made))
            except OSError as error:
                raise from_os(error, "making the environment") from error
            finally:
                if not (folder / FACTS).exists():
                    shutil.rmtree(folder, ignore_errors=True)
        return _found(folder) or made

    def start(self, folder: Path, warm: WarmWorker | None) -> LocalExecution:
        if warm is not None:
            warm.dismiss()
        job = read_job(folder)
        line = order_of(job)
        python = Path(job.environment, "bin", "python")
        if not python.exists():
            raise InstallError("missing environment: it was removed meanwhile", where=str(python), hint="run again")
        (folder / WORK).mkdir(exist_ok=True)  # while it is there, the run is on
        inherited = {name: value for name, value in os.environ.items() if name not in (*_FOREIGN, *job.secrets)}
        environment = {**inherited, **pinned(job.cpus), "PYTHONNOUSERSITE": "1", "PYTHONPATH": str(_own_code())}
        secrets = secrets_folder() if job.secrets else None
        if secrets is not None:
            environment[SECRETS] = str(secrets)
        words = [str(python), "-P", "-m", "mfbench.worker", "--attached", str(folder)]
        pid, entry, printed = _spawn(words, environment)
        stream = os.fdopen(entry, "wb", buffering=0)  # its end is the worker's end
        try:
            stream.write(line)
        except BrokenPipeError:  # it has died already: the execution says how
            pass
        return LocalExecution(pid, printed, folder, keep=stream, secrets=secrets)

    def leftovers(self, workspace: str, alive: Callable[[str], bool]) -> list[Leftover]:
        return list(_left())

    def remove(self, leftover: Leftover) -> None:
        try:
            with locked(uses.build_lock(_hash(leftover.name)), timeout=1.0):
                folder = _home() / leftover.name
                (folder / FACTS).unlink(missing_ok=True)  # from here on nobody takes it for whole
                if folder.exists():
                    shutil.rmtree(folder)
                uses.forget(_hash(leftover.name))
        except StoreBusyError as error:
            raise MfbenchError(f"the environment {leftover.name} is just being made") from error
        except OSError as error:
            raise from_os(error, f"removing the environment {leftover.name}") from error


def _home() -> Path:
    return cache_folder() / "venvs"


def _folder(asked: Asked) -> Path:
    base = str(Path(sys.base_prefix).resolve())
    return _home() / digest_value([VERSION, python_version(), platform(), base, asked.requirements])[:16]


def _found(folder: Path) -> Environment | None:
    try:
        facts = msgspec.json.decode((folder / FACTS).read_bytes(), type=Environment)
    except (OSError, msgspec.MsgspecError):
        return None
    if not (folder / "bin" / "python").exists():  # the interpreter below it is gone
        return None
    uses.mark(folder.name)
    return msgspec.structs.replace(facts, place=str(folder), told=f"virtual environment {folder.name}")


def _install(asked: Asked, folder: Path, tell: Tell, stopping: Stopping) -> Environment:
    scratch = folder.with_name(f"{folder.name}.tmp")
    installation = Installation(asked, scratch=str(scratch), wheels=asked.wheelhouse, venv=str(folder))
    environment = {name: value for name, value in os.environ.items() if name not in _FOREIGN}
    words = [sys.executable, "-I", "-u", "-c", BOOT]
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0, env=environment,
        cwd=folder.parent, start_new_session=True,
    ) as process:  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(installation.order())
            installation.follow(chunks(os.dup(process.stdout.fileno())), tell, stopping)
            return installation.made(process.wait())
        finally:
            _end_group(process.pid)
            process.wait()
            shutil.rmtree(scratch, ignore_errors=True)


def _end_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass


def _own_code() -> Path:
    """A folder with mfbench and nothing else, for PYTHONPATH: what lies beside mfbench is not the worker's."""
    package = Path(__file__).parent.parent
    folder = cache_folder() / "code" / digest_bytes(os.fsencode(package))[:16]
    folder.mkdir(parents=True, exist_ok=True)
    try:
        (folder / package.name).symlink_to(package)
    except FileExistsError:
        pass
    return folder


def _spawn(words: list[str], environment: dict[str, str]) -> tuple[int, int, int]:
    """A process in a group of its own: (its id, where to write its input, where to read what it prints)."""
    entry_read, entry = os.pipe()
    printed, printed_write = os.pipe()
    actions = [(os.POSIX_SPAWN_DUP2, entry_read, 0), *((os.POSIX_SPAWN_DUP2, printed_write, n) for n in (1, 2))]
    try:
        pid = os.posix_spawn(words[0], words, environment, file_actions=actions, setpgroup=0)
    except OSError as error:
        os.close(entry)
        os.close(printed)
        raise from_os(error, "starting the worker") from error
    finally:
        os.close(entry_read)
        os.close(printed_write)
    return pid, entry, printed


def _hash(name: str) -> str:
    """Without the end that an installer's scratch folder has."""
    return name.partition(".")[0]


def _size(folder: Path) -> int:
    """Bytes. Thousands of files: counted once, and not each time that somebody looks."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def _left() -> Iterator[Leftover]:
    """Whole environments with their last use, and what a killed installer has left."""
    for folder in sorted(_home().glob("*")):
        name = _hash(folder.name)
        if (folder / FACTS).exists():
            used = uses.last_used(name) or (folder / FACTS).stat().st_mtime
            said = (folder / SIZE).read_bytes() if (folder / SIZE).exists() else b""
            size = int(said) if said.isdigit() else 0
            yield Leftover("environment", name, "a virtual environment", size, used=used)
        elif folder.is_dir() and not is_held(uses.build_lock(name)):
            yield Leftover("environment", folder.name, "a virtual environment that was never finished")
