"""Bytes that are flipped, cut and torn: what is lost is what was touched, and it is named."""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mfbench.care.doctor import examine
from mfbench.care.repair import mend
from mfbench.core.errors import DamageError
from mfbench.journal.ledger import read_ledger
from mfbench.journal.segment import SegmentWriter
from mfbench.store.store import Store
from mfbench.tracking.run import start_run
from mfbench.workspace.workspace import Workspace, create
from tests.care.histories import make_run, register
from tests.faults.processes import Children
from tests.store.model import expected, stored

Rounds = Callable[[int], range]
LINES = 30  # of each segment, its header too


def _run(workspace: Workspace) -> str:
    """A finished run of two segments with the numbers of their lines as steps."""
    run, marker = workspace.new_run({})
    for name in ("a", "b"):
        writer = SegmentWriter(workspace.run_folder(run) / "events", name, run=run)
        if name == "a":
            writer.write("run.started", {"name": "damaged"})
        for line in range(2 if name == "a" else 1, LINES - (name == "b")):
            writer.write("m", name, line, 0.5)
        if name == "b":
            writer.write("run.ended", "finished", None, None)
        writer.close()
    os.close(marker)
    return run


def _touched(content: bytes, damaged: bytes) -> tuple[set[int], set[int]]:
    """(lines of `content` that are not in `damaged`, offsets of lines in `damaged` that were never written)."""
    before = content.split(b"\n")[:-1]
    gone = set(range(len(before)))
    offsets, at = set(), 0
    for line in damaged.split(b"\n")[:-1]:
        if line in before:
            gone.discard(before.index(line))
        elif line:
            offsets.add(at)
        at += len(line) + 1
    return gone, offsets


def _hurt(content: bytes, chance: random.Random) -> bytes:
    """One of: a bit flipped, some bytes overwritten, some cut out."""
    at, what = chance.randrange(len(content)), chance.random()
    if what < 0.5:
        return content[:at] + bytes([content[at] ^ 1 << chance.randrange(8)]) + content[at + 1 :]
    count = chance.randint(2, 200)
    return content[:at] + (chance.randbytes(count) if what < 0.8 else b"") + content[at + count :]


def test_only_the_touched_lines_of_a_segment_are_lost_and_named(
    workspace: Workspace, chance: random.Random, rounds: Rounds
) -> None:
    """Also of a segment that was read before: the database goes on holding what it has, and is made anew on demand."""
    for _ in rounds(20):
        run = _run(workspace)
        folded_before = chance.random() < 0.4
        if folded_before:
            Store(workspace).update()
        path = workspace.run_folder(run) / "events" / f"{chance.choice('ab')}-1.jsonl"
        content = path.read_bytes()
        damaged = _hurt(content, chance)
        path.write_bytes(damaged)
        gone, offsets = _touched(content, damaged)
        if folded_before:
            Store(workspace).rebuild()
        found = stored(workspace)
        assert found == expected(workspace)
        left = {line for line in range(LINES) if line not in gone}
        query = "SELECT step FROM metrics WHERE run = ? AND key = ?"
        steps = [row["step"] for row in Store(workspace).rows(query, [run, path.name[0]])]
        points = range(2, LINES) if path.name[0] == "a" else range(1, LINES - 1)
        assert sorted(steps) == sorted(left & set(points))
        told = Store(workspace).rows('SELECT "offset" AS at, reason FROM damages WHERE run = ?', [run])
        missing: set[int] = set()
        for row in told:
            if " missing" in row["reason"]:
                numbers = [int(word) for word in row["reason"].split() if word.isdigit()]
                missing |= set(range(numbers[0], numbers[-1] + 1))
        last = max(left, default=-1)
        assert missing == {line for line in gone if line < last}, "the gaps are those that the sequence shows"
        assert {row["at"] for row in told if "gap in" not in row["reason"]} <= offsets
        if any(line < last for line in gone) or offsets:
            codes = {(one.code, one.where) for one in examine(workspace, fast=True)}
            assert ("journal.damaged", path.relative_to(workspace.root).as_posix()) in codes
        shutil.rmtree(workspace.run_folder(run))


def test_a_damaged_ledger_keeps_every_entry_that_was_not_touched(
    tmp_path: Path, chance: random.Random, rounds: Rounds
) -> None:
    for number in rounds(8):
        workspace = create(tmp_path / f"{number}")
        for version in range(4):
            register(workspace, make_run(workspace), b"%d" % version, f"m{version}")
        content = workspace.ledger.read_bytes()
        damaged = _hurt(content, chance)
        workspace.ledger.write_bytes(damaged)
        gone, _ = _touched(content, damaged)
        tail = damaged[damaged.rfind(b"\n") + 1 :]
        last = len(content.split(b"\n")) - 2
        found = {one.code for one in examine(workspace)}
        if gone - {last} or (gone and not tail):
            # Where whole lines are gone from the end, or the last is cut, nothing in the file can tell.
            cut = content.startswith(damaged[: damaged.rfind(b"\n") + 1])
            assert found & {"ledger.damaged", "ledger.broken", "ledger.odd"} or cut, found
        mend(workspace)
        kinds = {"model.version", "model.alias"}
        bodies = [json.dumps(entry.body) for entry in read_ledger(workspace.ledger) if entry.kind in kinds]
        before = [json.dumps(json.loads(line.rpartition(b"\t")[0])[6]) for line in content.split(b"\n")[:-1]]
        kept = [body for at, body in enumerate(before) if at not in gone]
        removed = [body for body in bodies if '"version": null' in body]  # by the repair, of versions that are gone
        assert [body for body in bodies if body not in removed] == kept
        assert {one.code for one in examine(workspace)} <= {"model.run", "blob.unknown"}
        Store(workspace).update()
        shutil.rmtree(tmp_path / f"{number}")


def _read(root: str, told: str) -> None:
    """What a reader gets of a damaged database: as JSON, or a DamageError."""
    try:
        found: Any = stored(Workspace(Path(root)))
        answer = "right" if found == expected(Workspace(Path(root))) else "wrong"
    except DamageError:
        answer = "damaged"
    Path(told).write_text(answer)


def _repair(root: str) -> None:
    mend(Workspace(Path(root)))


def test_a_damaged_database_gives_no_wrong_answer_and_is_mended(
    workspace: Workspace, children: Children, chance: random.Random, rounds: Rounds
) -> None:
    """In processes of their own: what reads a damaged file may crash."""
    answers: dict[str, int] = {}
    for number in range(40):
        with start_run(f"r{number}", workspace=workspace.root) as run:
            run.log_metrics([("loss", chance.random(), step) for step in range(200)])
            run.log_params({f"p{at}": chance.random() for at in range(5)})
    Store(workspace).update()
    before = stored(workspace)
    whole = workspace.database.read_bytes()
    told = workspace.root.parent / "answer"
    for number in rounds(12):
        damaged = bytearray(whole)
        at = chance.randrange(len(whole)) if number % 4 else chance.randrange(12288)  # the headers more often
        what = chance.random()
        if what < 0.5:
            damaged[at] ^= 1 << chance.randrange(8)
        elif what < 0.8:
            damaged[at : at + 4096] = bytes(len(damaged[at : at + 4096]))
        else:
            del damaged[at:]
        workspace.database.write_bytes(damaged)
        workspace.database.with_name("store.duckdb.wal").unlink(missing_ok=True)
        children.wait(children.start(_read, str(workspace.root), str(told)))
        answers[told.read_text()] = answers.get(told.read_text(), 0) + 1
        assert told.read_text() in ("right", "damaged"), f"round {number}: byte {at}"
        children.wait(children.start(_repair, str(workspace.root)))
        assert examine(workspace, fast=True) == []
        assert stored(workspace) == before
    assert answers.get("damaged")
