"""Each kind of damage that a workspace can suffer, inflicted on purpose. Every function says what it did."""

from __future__ import annotations

import os
import random
from pathlib import Path

from mfbench.journal.ledger import open_ledger
from mfbench.workspace.workspace import Workspace
from tests.children import start


def flip(path: Path, at: int, bit: int = 0) -> None:
    """Turns one bit over, whatever the file's mode is."""
    content = bytearray(path.read_bytes())
    content[at] ^= 1 << bit
    overwrite(path, bytes(content))


def overwrite(path: Path, content: bytes) -> None:
    """Other content in the same file, of the same mode."""
    mode = path.stat().st_mode
    path.chmod(0o644)
    path.write_bytes(content)
    path.chmod(mode)


def segments(workspace: Workspace, run: str) -> list[Path]:
    return sorted((workspace.run_folder(run) / "events").glob("*.jsonl"))


def flip_line(path: Path, chance: random.Random, line: int | None = None) -> int:
    """Flips a byte inside a whole line (its newline excepted): the line's number, from 0."""
    lines = path.read_bytes().splitlines(keepends=True)
    number = chance.randrange(len(lines)) if line is None else line
    start = sum(map(len, lines[:number]))
    flip(path, start + chance.randrange(len(lines[number]) - 1), chance.randrange(8))
    return number


def remove_line(path: Path, line: int) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    overwrite(path, b"".join(lines[:line] + lines[line + 1 :]))


def cut_lines(path: Path, left: int) -> None:
    """Only the first `left` whole lines stay."""
    overwrite(path, b"".join(path.read_bytes().splitlines(keepends=True)[:left]))


def tear(path: Path, content: bytes = b'[99,99,"m","lo') -> None:
    """What a writer leaves that was killed inside a write."""
    with path.open("ab") as stream:
        stream.write(content)


def drop_blob(workspace: Workspace, digest: str) -> bytes:
    path = workspace.blobs / digest
    content = path.read_bytes()
    path.unlink()
    return content


def swap_blob(workspace: Workspace, digest: str) -> None:
    """The same size, other content: in a file of its own, because the old one may be linked elsewhere."""
    path = workspace.blobs / digest
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(bytes([content[0] ^ 1]) + content[1:] if content else b"x")
    path.chmod(0o444)


def flip_database(workspace: Workspace, chance: random.Random) -> int:
    """Flips a bit anywhere in the database: where. A block that holds nothing may be hit."""
    at = chance.randrange(workspace.database.stat().st_size)
    flip(workspace.database, at, chance.randrange(8))
    return at


def lose_run(workspace: Workspace) -> str:
    """A run whose leader died before its end."""
    code = """
import os, sys
from mfbench.tracking.run import start_run
run = start_run("dies", workspace=sys.argv[1])
run.log_metric("loss", 1.0)
print(run.id, flush=True)
os.kill(os.getpid(), 9)
"""
    child = start(code, workspace.root)
    return child.communicate(timeout=60)[0].strip()


def delete_halfway(workspace: Workspace, run: str) -> None:
    """A deletion that was killed between the ledger and the move."""
    with open_ledger(workspace.ledger) as ledger:
        ledger.append("run.deleted", {"run": run})


def chop(path: Path, size: int) -> None:
    os.truncate(path, size)


def anything(workspace: Workspace, chance: random.Random) -> str:
    """Flips a bit of some file, cuts it, fills it with noise or takes it away; locks stay: what was done."""
    path = chance.choice(sorted(p for p in workspace.root.rglob("*") if p.is_file() and p.suffix != ".lock"))
    size = path.stat().st_size
    kind = chance.choice(["flip", "flip", "cut", "noise", "gone"]) if size else "gone"
    if kind == "flip":
        flip(path, chance.randrange(size), chance.randrange(8))
    elif kind == "cut":
        overwrite(path, path.read_bytes()[: chance.randrange(size)])
    elif kind == "noise":
        overwrite(path, chance.randbytes(chance.randrange(2000)))
    else:
        path.unlink()
    return f"{kind} {path.relative_to(workspace.root)}"
