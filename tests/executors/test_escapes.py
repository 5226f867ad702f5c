"""A step that tries to get out of its container, and what it leaves behind to catch whoever comes to look."""

from __future__ import annotations

import os
import signal
import socket
import time
from pathlib import Path
from typing import Any

import pytest

from mfbench.executors.docker.executor import DockerExecutor
from mfbench.executors.environment import Environment
from mfbench.journal.line import encode_line
from mfbench.journal.reader import read_events
from mfbench.workspace.workspace import Workspace
from tests.executors.boxed import Boxed, a_job, boxed, driven, end_of, foreign, wait_for_line

ROOT = os.geteuid() == 0
# Each attempt is tried for itself. What it returns, or the name of the error that stopped it, is told.
PROBES = """
import ctypes, os, socket, subprocess, sys
libc = ctypes.CDLL(None, use_errno=True)
PORT, RUN, HOST = @PORT@, @RUN@, @HOST@

def call(name, *arguments):
    if getattr(libc, name)(*arguments) != 0:
        raise OSError(ctypes.get_errno(), name)

def write(path):
    with open(path, 'ab') as stream:
        stream.write(b'x')

def connect(host, port):
    socket.create_connection((host, port), timeout=2).close()

def raw():
    socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)

def chroot():
    os.chroot('/tmp')

def execute():
    open('/tmp/x', 'w').write('#!/bin/sh\\nexit 0\\n')
    os.chmod('/tmp/x', 0o755)
    subprocess.run(['/tmp/x'], check=True)

def replace_events():
    os.rename(RUN + '/events', RUN + '/old')

def swap(path):
    open(RUN + '/mine', 'w').close()
    os.replace(RUN + '/mine', path)

PROBES = {
    'resolve': lambda: socket.getaddrinfo('example.com', 80),
    'tcp to the host': lambda: [connect(host, PORT) for host in HOST],
    'tcp to itself': lambda: connect('127.0.0.1', PORT),
    'raw socket': raw,
    'packet socket': lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0),
    'interfaces': lambda: sorted(os.listdir('/sys/class/net')),
    'write to the root': lambda: write('/x'),
    'write to etc': lambda: write('/etc/passwd'),
    'write to the code': lambda: write('/opt/mfbench/mfbench/__init__.py'),
    'write to the interpreter': lambda: write(os.__file__),
    'write to a source': lambda: write(@SOURCE@),
    'write beside the source': lambda: write(@SOURCE@ + '.new'),
    'write to a blob': lambda: write(@BLOB@),
    'make a blob': lambda: write(os.path.dirname(@BLOB@) + '/new'),
    'write to the job': lambda: write(RUN + '/job.json'),
    'unlink the job': lambda: os.unlink(RUN + '/job.json'),
    'replace the job': lambda: swap(RUN + '/job.json'),
    'write to the journal of others': lambda: write(RUN + '/events/driver-1.jsonl'),
    'unlink the journal of others': lambda: os.unlink(RUN + '/events/driver-1.jsonl'),
    'replace the journal of others': lambda: swap(RUN + '/events/driver-1.jsonl'),
    'link the journal of others': lambda: os.link(RUN + '/events/driver-1.jsonl', RUN + '/linked'),
    'replace all journals': replace_events,
    'make another run': lambda: os.mkdir(os.path.dirname(RUN) + '/mine'),
    'other runs': lambda: sorted(os.listdir(os.path.dirname(RUN))),
    'other blobs': lambda: sorted(name[0] for name in os.listdir(os.path.dirname(@BLOB@))),
    'the ledger': lambda: os.listdir(@FOLDER@ + '/ledger'),
    'the engine': lambda: os.stat('/var/run/docker.sock'),
    'home of root': lambda: os.listdir('/root'),
    'shadow': lambda: open('/etc/shadow').read(),
    'become root': lambda: os.setuid(0),
    'become another group': lambda: os.setgroups([0]),
    'mount': lambda: call('mount', b'none', b'/tmp', b'tmpfs', 0, None),
    'unmount': lambda: call('umount2', (RUN + '/job.json').encode(), 2),
    'chroot': chroot,
    'new user namespace': lambda: call('unshare', 0x10000000),
    'new mount namespace': lambda: call('unshare', 0x00020000),
    'settings of the kernel': lambda: write('/proc/sys/kernel/core_pattern'),
    'own limits': lambda: write('/sys/fs/cgroup/memory.max'),
    'older limits': lambda: write('/sys/fs/cgroup/memory/memory.limit_in_bytes'),
    'device': lambda: os.mknod('/tmp/disk', 0o60600, os.makedev(254, 0)),
    'device in the run': lambda: os.mknod(RUN + '/disk', 0o60600, os.makedev(254, 0)),
    'devices of disks': lambda: [name for name in os.listdir('/dev') if name[:2] in ('sd', 'vd', 'nv', 'lo', 'dm')],
    'program in tmp': execute,
    'kernel log': lambda: call('syscall', 103, 3, ctypes.create_string_buffer(64), 64),
    'kernel module': lambda: call('syscall', 175, None, 0, b''),
    'clock': lambda: call('syscall', 227, 0, ctypes.create_string_buffer(16)),
    'priority': lambda: os.setpriority(os.PRIO_PROCESS, 0, -10),
    'processes of others': lambda: [pid for pid in os.listdir('/proc') if pid.isdigit() and int(pid) > 1000],
}

def run(ctx):
    for name, probe in PROBES.items():
        try:
            told = probe()
        except BaseException as problem:
            told = type(problem).__name__ + ' ' + str(getattr(problem, 'errno', ''))
        ctx.emit('param', name, told)
"""
SEEN = {
    "interfaces": ["lo"],
    "other runs": ["blobs", "data.csv", "run", "step.py"],
    "other blobs": ["a"],
    "devices of disks": [],
    "processes of others": [],
}


@pytest.fixture(scope="module")
def place(environment_image: Environment) -> str:
    return environment_image.place


@pytest.fixture(scope="module")
def tried(tmp_path_factory: pytest.TempPathFactory, place: str) -> tuple[dict[str, Any], dict[str, bytes]]:
    """What became of every attempt; and what was changed on this machine."""
    folder = tmp_path_factory.mktemp("box")
    source, blob = folder / "data.csv", folder / "blobs" / ("a" * 64)
    for path in (source, blob, folder / "blobs" / ("b" * 64), folder / "ledger" / "all.jsonl", folder / "other" / "x"):
        path.parent.mkdir(exist_ok=True)
        path.write_text("as it was")
        path.chmod(0o666)  # no rights of files protect it
    with socket.create_server(("0.0.0.0", 0)) as server:
        words = {
            "PORT": server.getsockname()[1],
            "RUN": str(folder / "run"),
            "HOST": ["172.17.0.1", socket.gethostbyname(socket.gethostname())],
            "SOURCE": str(source),
            "BLOB": str(blob),
            "FOLDER": str(folder),
        }
        code = PROBES
        for word, value in words.items():
            code = code.replace(f"@{word}@", repr(value))
        run = a_job(folder, place, code, reads=(str(source),), given={"champion": {"x": "a" * 64}})
        (run / "events" / "driver-1.jsonl").write_bytes(b"of the driver")
        before = _contents(folder)
        done = Boxed(run, *_finished(run))
    assert (done.ended.code, done.printed) == (0, [])
    before.pop("run/events/worker-1.jsonl", None)
    after = _contents(folder)
    return done.params, {name: after.get(name, b"gone") for name in before if after.get(name) != before[name]}


def _finished(run: Path) -> Any:
    from mfbench.testing.executors import finish

    return finish(DockerExecutor().start(run, None))


def _contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


NAMES = [line.split("'")[1] for line in PROBES.partition("PROBES = {")[2].splitlines() if line.startswith("    '")]


@pytest.mark.parametrize("name", NAMES)
def test_no_way_out(tried: tuple[dict[str, Any], dict[str, bytes]], name: str) -> None:
    told = tried[0][name]
    if name in SEEN:
        assert told == SEEN[name]
    else:
        assert isinstance(told, str)
        assert told.split()[0] in {
            "PermissionError",
            "OSError",
            "FileNotFoundError",
            "gaierror",
            "ConnectionRefusedError",
        }


def test_nothing_here_was_changed(tried: tuple[dict[str, Any], dict[str, bytes]]) -> None:
    assert tried[1] == {}


def test_a_fork_bomb_fizzles_out(tmp_path: Path, place: str) -> None:
    code = (
        "import os, time\ndef run(ctx):\n    began = time.monotonic()\n"
        "    while time.monotonic() - began < 60:\n"
        "        if os.fork() == 0:\n            time.sleep(600)\n            os._exit(0)\n"
    )
    done = boxed(tmp_path, place, code)
    assert done.ended.code == 1
    assert done.error is not None
    assert "Resource temporarily unavailable" in done.error["message"]
    assert "as many processes" in done.error["hint"]


def test_one_that_goes_on_forking_can_be_stopped(tmp_path: Path, place: str) -> None:
    code = (
        "import os, signal\ndef run(ctx):\n    signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "    print('here', flush=True)\n    while True:\n        try:\n            os.fork()\n"
        "        except OSError:\n            pass\n"
    )
    execution = DockerExecutor().start(a_job(tmp_path, place, code, cpus=1), None)
    wait_for_line(execution, "here")
    began = time.monotonic()
    assert execution.stop(1.0).signal == signal.SIGKILL
    assert time.monotonic() - began < 30
    assert foreign(tmp_path / "run") == []


def test_one_that_holds_its_own_first_process_can_be_stopped(tmp_path: Path, place: str) -> None:
    """That process is its user's too, and may be traced: then nobody is left to see the worker end."""
    code = (
        "import ctypes\ndef run(ctx):\n    assert ctypes.CDLL(None).ptrace(16, 1, None, None) == 0\n"
        "    print('here', flush=True)\n"
    )
    execution = DockerExecutor().start(a_job(tmp_path, place, code), None)
    wait_for_line(execution, "here")
    assert execution.stop(1.0).signal == signal.SIGKILL
    assert foreign(tmp_path / "run") == []


LINKS = """
import os, socket
def run(ctx):
    (ctx.folder / 'honest').write_text('honest')
    for name, target in (('shadow', '/etc/shadow'), ('folder', '/etc'), ('loop', 'loop')):
        os.symlink(target, ctx.folder / name)
    os.symlink('/etc/shadow', ctx.run_folder / 'study.log')
    os.symlink('/etc', ctx.run_folder / 'checkpoint')
    os.mkfifo(ctx.run_folder / 'pipe')
    socket.socket(socket.AF_UNIX).bind(str(ctx.folder / 'socket')[-100:]) if len(str(ctx.folder)) < 90 else None
    os.mkfifo(ctx.folder / 'pipe')
    os.mkfifo(ctx.run_folder / 'events' / 'worker-7.jsonl')
    os.symlink('/etc/shadow', ctx.run_folder / 'events' / 'worker-8.jsonl')
    os.symlink('/dev/zero', ctx.run_folder / 'events' / 'worker-9.jsonl')
    (ctx.run_folder / 'tool').write_text('x')
    os.chmod(ctx.run_folder / 'tool', 0o6777)
"""


def test_what_it_leaves_leads_nowhere(tmp_path: Path, place: str) -> None:
    """Its files are taken back without following a link; links, pipes and other people's rights do not stay."""
    shadow = Path("/etc/shadow").stat()
    done = boxed(tmp_path, place, LINKS)
    assert done.ended.code == 0, done.error
    assert foreign(done.folder) == []
    now = Path("/etc/shadow").stat()
    assert (now.st_uid, now.st_mode) == (shadow.st_uid, shadow.st_mode)
    left = {path.name for path in done.folder.iterdir()}
    assert left == {"events", "job.json", "work", "tool"}
    assert (done.folder / "tool").stat().st_mode & 0o7000 == 0
    assert [path.name for path in (done.folder / "events").iterdir()] == ["worker-1.jsonl"]
    assert [event for event in read_events(done.folder / "events") if event[2] == "step.ended"]


def swapping(lines: str) -> str:
    """A step that writes its end into the journal by itself, after these lines."""
    return (
        "import json, os, shutil, time, zlib\n"
        "def tell(ctx, *events):\n"
        "    with open(ctx.run_folder / 'events' / 'mine-1.jsonl', 'wb') as stream:\n"
        "        for seq, event in enumerate((('header', {}), *events)):\n"
        "            body = json.dumps([seq, time.time_ns() // 1000, *event]).encode()\n"
        "            stream.write(b'%b\\t%08x\\n' % (body, zlib.crc32(body)))\n"
        f"def run(ctx):\n{lines}    time.sleep(60)\n"
    )


KEY = "1" * 64
HOSTILE = {
    "a link": (
        "    os.symlink('/etc/shadow', ctx.folder / 'x')\n"
        f"    tell(ctx, ('step.ended', 'first', '{KEY}', 'finished', False, 0.1, {{'x': 1}}, None))\n",
        "no plain file of its own",
    ),
    "all work swapped": (
        "    os.rename(ctx.run_folder / 'work', ctx.run_folder / 'old')\n    os.mkdir('/tmp/first')\n"
        "    os.symlink('/etc', ctx.run_folder / 'work')\n"
        f"    tell(ctx, ('step.ended', 'first', '{KEY}', 'finished', False, 0.1, {{'shadow': 1}}, None))\n",
        "no plain file of its own",
    ),
    "a way up": (
        f"    tell(ctx, ('step.ended', 'first', '{KEY}', 'finished', False, 0.1, {{'../../../x': 1}}, None))\n",
        "no name of a file in this folder",
    ),
    "a pipe": (
        "    os.mkfifo(ctx.folder / 'x')\n"
        f"    tell(ctx, ('step.ended', 'first', '{KEY}', 'finished', False, 0.1, {{'x': 1}}, None))\n",
        "no plain file of its own",
    ),
    "a file longer than any disk": (
        "    open(ctx.folder / 'x', 'wb').truncate(2**42)\n"
        f"    tell(ctx, ('step.ended', 'first', '{KEY}', 'finished', False, 0.1, {{'x': 1}}, None))\n",
        "disk full",
    ),
    "an end that is none": ("    tell(ctx, ('step.ended', 'first', ['x']))\n", "what cannot be"),
    "an error that is none": (
        f"    tell(ctx, ('step.ended', 'first', '{KEY}', 'failed', False, 0.1, {{}}, {{'code': 'x'}}))\n",
        "what cannot be",
    ),
    "a journal without an end": (
        "    open(ctx.run_folder / 'events' / 'mine-1.jsonl', 'wb').truncate(2**40)\n"
        "    raise ValueError('that was it')\n",
        "that was it",
    ),
    "a forged seal": (
        "    (ctx.run_folder / 'events' / 'sealed.parquet').write_text('x')\n    raise ValueError('that was it')\n",
        "that was it",
    ),
    "folders without end": (
        "    os.chdir(ctx.folder)\n    for _ in range(3000):\n        os.mkdir('d')\n        os.chdir('d')\n"
        "    os._exit(1)\n",
        "the worker ended in step first",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_driver_is_not_led_astray(tmp_path: Path, place: str, name: str) -> None:
    lines, said = HOSTILE[name]
    began = time.monotonic()
    workspace, run = driven(tmp_path, place, first=swapping(lines))
    status, error, _ = end_of(workspace, run)
    assert (status, said in error["message"]) == ("failed", True), error
    assert time.monotonic() - began < 45
    assert _is_clean(workspace, run)
    assert list(workspace.cache.glob("*.json")) == []


def _is_clean(workspace: Workspace, run: str) -> bool:
    """Nothing of this machine was taken in, and nothing odd stays."""
    secret = Path("/etc/shadow").read_bytes() if ROOT else b"root:x"
    blobs = [path for path in workspace.blobs.iterdir() if path.read_bytes() == secret]
    folder = workspace.run_folder(run)
    odd = [path for path in folder.rglob("*") if path.is_symlink() or not (path.is_file() or path.is_dir())]
    names = {path.name for path in (folder / "events").iterdir()}
    return not (blobs or odd or foreign(folder) or "sealed.parquet" in names or (folder / "work").exists())


def test_neither_name_nor_key_is_its_own_choice(tmp_path: Path, place: str) -> None:
    """What it tells of steps that nobody planned is nothing; what it calls its step's key does not matter."""
    lines = (
        "    (ctx.folder / 'x').write_text('x')\n"
        "    tell(ctx, ('step.started', '../../..'),\n"
        "         ('step.ended', '../../..', 'f', 'finished', False, 0, {'x': 1}, None),\n"
        "         ('step.started', 'register'), ('step.ended', 'register', 'f', 'finished', False, 0, {}, None),\n"
        f"         ('step.ended', 'first', '../../../../{'e' * 8}', 'finished', False, 0.1, {{'x': 1}}, None))\n"
    )
    code = swapping(lines).replace("time.sleep(60)", "os._exit(0)")
    workspace, run = driven(tmp_path, place, first=code)
    assert end_of(workspace, run)[0] == "finished"
    assert [path.name for path in workspace.cache.glob("*")] == [f"{KEY}.json"]
    assert not list(tmp_path.rglob("e" * 8 + "*"))


def test_what_was_taken_cannot_be_changed_afterwards(tmp_path: Path, place: str) -> None:
    """A later step writes to what an earlier one has left: the blob is a copy, and stays what its name says."""
    first = "def run(ctx):\n    ctx.output('x').write_text('as it was')\n"
    second = (
        "import os, time\ndef run(ctx):\n    time.sleep(1)\n    path = ctx.input('first', 'x')\n"
        "    os.chmod(path, 0o600)\n    path.write_text('changed!!')\n"
    )
    workspace, run = driven(tmp_path, place, first=first, second=second)
    assert end_of(workspace, run)[0] == "finished"
    contents = {path.read_text() for path in workspace.blobs.iterdir()}
    assert "as it was" in contents
    assert "changed!!" not in contents
    assert all(path.stat().st_uid == os.getuid() for path in workspace.blobs.iterdir())


def test_lines_of_other_peoples_making_are_only_lines(tmp_path: Path, place: str) -> None:
    """Ten thousands of lines that are no events, and one that is nested too deeply, hold nobody up."""
    nested = encode_line([1, 1, "m", 0]).replace(b"0]", b"[" * 100 + b"]" * 100 + b"]")
    lines = (
        "    with open(ctx.run_folder / 'events' / 'mine-1.jsonl', 'wb') as stream:\n"
        f"        stream.write(b'\\n' * 1_000_000 + b'x\\n' * 100_000 + {nested!r})\n"
        "    (ctx.folder / 'x').write_text('x')\n"
    )
    began = time.monotonic()
    workspace, run = driven(tmp_path, place, first=swapping(lines).replace("time.sleep(60)", "pass"))
    assert end_of(workspace, run)[0] == "finished"
    assert time.monotonic() - began < 45
