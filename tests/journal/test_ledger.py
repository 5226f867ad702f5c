from __future__ import annotations

import os
from pathlib import Path

import pytest

from mfbench.core.errors import DamageError, MfbenchError
from mfbench.core.hashing import digest_bytes
from mfbench.journal.ledger import START, actor, open_ledger, read_ledger
from mfbench.journal.line import decode_line, encode_line
from tests.children import kill, output, start


def _filled(path: Path, count: int = 4) -> list[bytes]:
    with open_ledger(path) as ledger:
        for number in range(count):
            ledger.append("model.alias", {"model": "m", "number": number}, reason=f"because {number}")
    return path.read_bytes().splitlines(keepends=True)


def test_entries_are_chained_by_the_hash_of_the_line_before(tmp_path: Path) -> None:
    path = tmp_path / "ledger" / "here.jsonl"
    assert read_ledger(path) == []
    lines = _filled(path)
    entries = read_ledger(path)
    assert [entry.seq for entry in entries] == [0, 1, 2, 3]
    assert [entry.body["number"] for entry in entries] == [0, 1, 2, 3]
    assert [entry.reason for entry in entries] == [f"because {number}" for number in range(4)]
    assert entries[0].previous == START
    assert [entry.previous for entry in entries[1:]] == [digest_bytes(line) for line in lines[:-1]]
    assert {entry.actor for entry in entries} == {actor()}


def test_who_acts_can_be_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert actor().endswith(f"@{os.uname().nodename}")
    monkeypatch.setenv("MFBENCH_ACTOR", "ci-bot")
    with open_ledger(tmp_path / "l.jsonl") as ledger:
        assert ledger.append("x", {}).actor == "ci-bot"
        assert ledger.append("x", {}, by="Ada").actor == "Ada"


@pytest.mark.parametrize("kept", [0, 1, 20, -1])
def test_a_torn_tail_is_ignored_and_healed_by_the_next_entry(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "l.jsonl"
    lines = _filled(path)
    path.write_bytes(b"".join(lines[:3]) + lines[3][:kept])
    assert len(read_ledger(path)) == 3
    with open_ledger(path) as ledger:
        assert len(ledger.entries) == 3
        ledger.append("next", {})
    assert [entry.kind for entry in read_ledger(path)] == ["model.alias"] * 3 + ["next"]


def _edited(line: bytes) -> bytes:
    event = decode_line(line[:-1])
    event[6]["number"] = 77
    return encode_line(event)


@pytest.mark.parametrize(
    ("edit", "line", "told"),
    [
        (lambda lines: [lines[0], lines[1].replace(b"because", b"becuase"), *lines[2:]], 2, "damaged"),
        (lambda lines: [_edited(lines[0]), *lines[1:]], 2, "chain is broken"),  # its own checksum made to fit
        (lambda lines: [lines[0], *lines[2:]], 2, "chain is broken"),
        (lambda lines: [lines[0], lines[2], lines[1], lines[3]], 2, "chain is broken"),
        (lambda lines: [*lines[:2], lines[1], *lines[2:]], 3, "chain is broken"),
        (lambda lines: [*lines[:3], b"\n", lines[3]], 4, "damaged"),
        (lambda lines: [*lines[:3], encode_line((3, 0, "short"))], 4, "damaged"),
        (lambda lines: lines[1:], 1, "chain is broken"),
    ],
)
def test_an_edit_is_named_by_file_and_line(tmp_path: Path, edit: object, line: int, told: str) -> None:
    path = tmp_path / "l.jsonl"
    assert callable(edit)
    path.write_bytes(b"".join(edit(_filled(path))))
    before = path.read_bytes()
    with pytest.raises(DamageError, match=told) as caught:
        read_ledger(path)
    assert caught.value.where == f"{path}:{line}"
    with pytest.raises(DamageError, match=told), open_ledger(path) as ledger:
        ledger.append("x", {})
    assert path.read_bytes() == before


def test_what_is_compared_still_stands_when_it_is_set(tmp_path: Path) -> None:
    """Four processes that each count up from what they have read: under the lock no count is lost."""
    code = """
import sys
from pathlib import Path
from mfbench.journal.ledger import open_ledger
for _ in range(25):
    with open_ledger(Path(sys.argv[1])) as ledger:
        now = ledger.entries[-1].body["n"] if ledger.entries else 0
        ledger.append("count", {"n": now + 1})
"""
    path = tmp_path / "l.jsonl"
    for child in [start(code, path) for _ in range(4)]:
        output(child)
    assert [entry.body["n"] for entry in read_ledger(path)] == list(range(1, 101))


def test_killed_writers_leave_a_whole_chain(tmp_path: Path) -> None:
    code = """
import os, sys
from pathlib import Path
from mfbench.journal.ledger import open_ledger
while True:
    with open_ledger(Path(sys.argv[1])) as ledger:
        entry = ledger.append("x", {"pid": os.getpid(), "pad": "x" * 500})
    os.write(1, b"%d\\n" % entry.seq)
"""
    path = tmp_path / "l.jsonl"
    acknowledged = set()
    for _ in range(4):
        child = start(code, path)
        assert child.stdout is not None
        for _ in range(5):
            acknowledged.add(int(child.stdout.readline()))
        acknowledged |= {int(line) for line in kill(child).splitlines()}
    assert acknowledged <= {entry.seq for entry in read_ledger(path)}


def test_an_entry_that_the_disk_does_not_take_leaves_no_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "l.jsonl"
    _filled(path, 2)
    before = path.read_bytes()
    real = os.write
    with open_ledger(path) as ledger:
        monkeypatch.setattr(os, "write", lambda descriptor, data: real(descriptor, data[:30]))
        with pytest.raises(MfbenchError, match="disk full"):
            ledger.append("x", {})
        assert path.read_bytes() == before
        monkeypatch.undo()
        ledger.append("y", {})
    assert [entry.kind for entry in read_ledger(path)] == ["model.alias", "model.alias", "y"]
