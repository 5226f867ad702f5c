"""Sealed journals: what survives, what is refused, what is noticed."""

from __future__ import annotations

import os
import random
import shutil
import tempfile
import time
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from mfbench.core.errors import DamageError, DiskError, UsageError
from mfbench.journal.line import encode_line, encode_text
from mfbench.journal.reader import Tail, read_events, segment_names
from mfbench.journal.sealed import COLUMNS, SEALED, read_lines, read_sealed, sealed_segments
from mfbench.journal.sealing import WORTH, seal, worth_sealing
from mfbench.journal.segment import SegmentWriter
from tests.children import kill, start

HEADER = ("header", {"format": 1, "run": "r", "writer": "main"})


def _segment(folder: Path, name: str, events: list[tuple[Any, ...]], times: list[int] | None = None) -> bytes:
    lines = [encode_line((seq, times[seq] if times else seq, *event)) for seq, event in enumerate([HEADER, *events])]
    (folder / name).write_bytes(b"".join(lines))
    return b"".join(lines)


def _points(count: int) -> list[tuple[Any, ...]]:
    chance = random.Random(count)
    return [("m", "loss", step, chance.random()) for step in range(count)]


def _content(path: Path) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for name, lines in read_lines(path):
        found[name] = found.get(name, b"") + b"".join(lines)
    return found


numbers = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**63), 2**64 - 1)
values = st.recursive(
    st.none() | st.booleans() | numbers | st.text() | st.sampled_from(["nan", "inf", "-inf", "a\tb\n\0\u2028"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
kinds = st.sampled_from(["m", "param", "log"]) | st.from_regex(r"[a-z日ü.]{1,12}", fullmatch=True)
journals = st.dictionaries(
    st.from_regex(r"(main|worker|driver)(\.[0-9]{1,5})?-[1-9]\.jsonl", fullmatch=True),
    st.lists(st.tuples(kinds, st.lists(values, max_size=4)), max_size=12),
    min_size=1,
    max_size=5,
)


@given(journals, st.lists(st.integers(-(2**40), 2**60), min_size=13, max_size=13))
@settings(max_examples=80, deadline=None)
def test_every_event_survives_byte_for_byte(journal: dict[str, list[tuple[str, list[Any]]]], times: list[int]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        written = {
            name: _segment(folder, name, [(kind, *fields) for kind, fields in events], times)
            for name, events in journal.items()
        }
        events, order = read_events(folder), segment_names(folder)
        size = sum(map(len, written.values()))
        assert seal(folder) == size - (folder / SEALED).stat().st_size
        assert os.listdir(folder) == [SEALED]
        assert sealed_segments(folder / SEALED) == order
        assert _content(folder / SEALED) == written
        assert read_events(folder) == events
        assert segment_names(folder) == []
        told = [(segment, event) for segment, batch in read_sealed(folder / SEALED) for event in batch]
        assert [segment for segment, event in told if event[0] == 0] == order


def test_a_long_journal_is_read_in_bounded_batches(tmp_path: Path) -> None:
    written = _segment(tmp_path, "main-1.jsonl", [("m", "k", 0, 0.5)] * 90_000)
    assert worth_sealing(tmp_path) == len(written)
    assert seal(tmp_path) > len(written) * 0.9
    batches = list(read_sealed(tmp_path / SEALED))
    assert max(len(events) for _, events in batches) <= 65_536
    assert [event[0] for _, events in batches for event in events] == list(range(90_001))
    assert _content(tmp_path / SEALED) == {"main-1.jsonl": written}


def test_small_journals_are_not_worth_it(tmp_path: Path) -> None:
    assert worth_sealing(tmp_path / "missing") == 0
    _segment(tmp_path, "main-1.jsonl", _points(100))
    assert worth_sealing(tmp_path) == 0
    one = _segment(tmp_path, "main-2.jsonl", [("log", "x" * WORTH)])
    assert worth_sealing(tmp_path) > len(one) > WORTH
    seal(tmp_path)
    assert worth_sealing(tmp_path) == 0


WHOLE = b"".join(encode_line((seq, seq, *event)) for seq, event in enumerate([HEADER, ("log", "a"), ("log", "b")]))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        WHOLE[:-1],  # a torn tail
        WHOLE + b"[3,3,",
        WHOLE.replace(b'"a"', b'"x"'),  # a flipped byte
        WHOLE.replace(encode_line((1, 1, "log", "a")), b""),  # a gap
        WHOLE.replace(encode_line((1, 1, "log", "a")), b"\n" + encode_line((1, 1, "log", "a"))),
        WHOLE[WHOLE.index(b"\n") + 1 :],  # no header
        encode_line((0, 0, "log", "a")),
        WHOLE + encode_line((2, 2, "log", "again")),
        WHOLE + encode_line((3, 3, 'qu"ote', "a")),  # a kind that nobody writes: kept as it is
    ],
)
def test_what_is_not_whole_stays_as_evidence(tmp_path: Path, content: bytes) -> None:
    _segment(tmp_path, "main-1.jsonl", _points(3))
    (tmp_path / "worker-1.jsonl").write_bytes(content)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert seal(tmp_path) == 0
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_an_empty_folder_is_left_alone(tmp_path: Path) -> None:
    assert seal(tmp_path) == 0
    assert list(tmp_path.iterdir()) == []


def _sealed(folder: Path, count: int = 50) -> Path:
    _segment(folder, "main-1.jsonl", _points(count))
    _segment(folder, "worker-1.jsonl", _points(count))
    seal(folder)
    return folder / SEALED


@given(st.floats(0, 1, exclude_max=True), st.integers(1, 255))
@settings(max_examples=150, deadline=None)
def test_a_flipped_byte_is_noticed_or_changes_nothing(place: float, change: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        path = _sealed(Path(name))
        whole = _content(path)
        content = bytearray(path.read_bytes())
        content[int(place * len(content))] ^= change
        path.write_bytes(content)
        try:
            found = _content(path)
        except DamageError:
            return
        assert found == whole  # a byte that means nothing, such as one of the name of the program that wrote it


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" + b"\0" * 100 + b"PAR1", b"x" * 5000])
def test_what_is_no_parquet_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / SEALED).write_bytes(content)
    for call in (sealed_segments, lambda path: list(read_sealed(path)), lambda path: read_events(path.parent)):
        with pytest.raises(DamageError, match="a sealed journal cannot be read") as caught:
            call(tmp_path / SEALED)
        assert caught.value.where == str(tmp_path / SEALED)


def _foreign(path: Path, table: pyarrow.Table, metadata: str | None) -> None:
    if metadata is not None:
        table = table.replace_schema_metadata({"mfbench": metadata})
    parquet.write_table(table, path)


def _table(rows: list[tuple[Any, ...]]) -> pyarrow.Table:
    schema = pyarrow.schema([(name, getattr(pyarrow, kind)()) for name, kind in COLUMNS.items()])
    return pyarrow.table([list(column) for column in zip(*rows, strict=True)], schema=schema)


ROW = ("main-1.jsonl", 0, 0, "header", "{}")


@pytest.mark.parametrize(
    ("table", "metadata"),
    [
        (_table([ROW]), None),
        (_table([ROW]), "{}"),
        (_table([ROW]), '{"format":2,"segments":[]}'),
        (_table([ROW]), '{"format":1,"segments":[]}'),
        (_table([ROW]), '{"format":1,"segments":[["main-1.jsonl",1,"00"]]}'),
        (_table([ROW]), '{"format":1,"segments":[["main-1.jsonl",2,"00"]]}'),
        (_table([ROW]), '{"format":1,"segments":[["../../main-1.jsonl",1,"00"]]}'),
        (_table([ROW]), '{"format":1,"segments":[["main-1.jsonl",1,"00"],["main-1.jsonl",1,"00"]]}'),
        (_table([(*ROW[:4], None)]), '{"format":1,"segments":[["main-1.jsonl",1,"00"]]}'),
        (_table([ROW]).drop(["body"]), '{"format":1,"segments":[]}'),
        (_table([ROW]).select([1, 0, 2, 3, 4]), '{"format":1,"segments":[]}'),
        (_table([ROW] * 70_000), '{"format":1,"segments":[]}'),
        (pyarrow.table({name: [1] for name in COLUMNS}), '{"format":1,"segments":[]}'),
    ],
)
def test_parquet_of_another_kind_is_refused(tmp_path: Path, table: pyarrow.Table, metadata: str | None) -> None:
    _foreign(tmp_path / SEALED, table, metadata)
    with pytest.raises(DamageError, match="a sealed journal cannot be read"):
        list(read_sealed(tmp_path / SEALED))


def test_lines_that_are_no_events_are_refused_though_they_were_signed(tmp_path: Path) -> None:
    for row in ((*ROW[:4], '{}],[1,1,"m"'), ("main-1.jsonl", 1, 0, "header", "{}"), (*ROW[:3], 'a"b', "{}")):
        body = f'[{row[1]},{row[2]},"{row[3]}",{row[4]}]'.encode()
        line = encode_text(row[1], row[2], row[3].encode(), row[4].encode())
        assert line.startswith(body)
        digest = sha256(line).hexdigest()
        _foreign(tmp_path / SEALED, _table([row]), f'{{"format":1,"segments":[["main-1.jsonl",1,"{digest}"]]}}')
        assert _content(tmp_path / SEALED) == {"main-1.jsonl": line}
        with pytest.raises(DamageError, match="is no event"):
            list(read_sealed(tmp_path / SEALED))


def test_a_tail_neither_repeats_nor_loses_what_is_sealed_under_it(tmp_path: Path) -> None:
    for behind in (0, 7, 40):
        folder = tmp_path / str(behind)
        folder.mkdir()
        writers = [SegmentWriter(folder, name, run="r") for name in ("main", "worker")]
        tail, seen = Tail(folder), []
        for number in range(40 - behind):
            writers[number % 2].write("log", number)
            seen += tail.poll()
        for number in range(40 - behind, 40):
            writers[number % 2].write("log", number)
        for writer in writers:
            writer.close()
        assert seal(folder) != 0
        seen += tail.poll()
        assert sorted(event[3] for event in seen if event[2] == "log") == list(range(40))
        assert [event[2] for event in seen].count("header") == 2
        assert tail.poll() == []


def test_a_reader_that_comes_between_rename_and_removal_reads_once(tmp_path: Path) -> None:
    _segment(tmp_path, "main-1.jsonl", _points(20))
    events, content = read_events(tmp_path), (tmp_path / "main-1.jsonl").read_bytes()
    seal(tmp_path)
    (tmp_path / "main-1.jsonl").write_bytes(content)  # as after kill -9 before the removal
    _segment(tmp_path, "main-2.jsonl", _points(1))
    assert segment_names(tmp_path) == ["main-2.jsonl"]
    assert worth_sealing(tmp_path) == len(content)
    assert len(read_events(tmp_path)) == len(events) + 2
    (tmp_path / "main-2.jsonl").unlink()
    assert read_events(tmp_path) == events
    assert seal(tmp_path) == len(content)
    assert os.listdir(tmp_path) == [SEALED]
    assert read_events(tmp_path) == events


def test_segments_are_never_removed_for_a_damaged_sealed_file(tmp_path: Path) -> None:
    path = _sealed(tmp_path)
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 1
    path.write_bytes(content)
    _segment(tmp_path, "main-1.jsonl", _points(50))
    with pytest.raises(DamageError):
        seal(tmp_path)
    assert (tmp_path / "main-1.jsonl").exists()
    path.write_bytes(b"nothing of it is left")
    assert segment_names(tmp_path) == ["main-1.jsonl"]


def test_nothing_is_written_beside_a_sealed_journal(tmp_path: Path) -> None:
    _sealed(tmp_path)
    with pytest.raises(UsageError, match="has ended"):
        SegmentWriter(tmp_path, "main", run="r")
    assert os.listdir(tmp_path) == [SEALED]


def test_a_disk_that_refuses_leaves_the_segments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _segment(tmp_path, "main-1.jsonl", _points(20))

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DiskError, match="No space left"):
        seal(tmp_path)
    assert os.listdir(tmp_path) == ["main-1.jsonl"]


SEAL = """
import sys
from pathlib import Path
import pyarrow.parquet
from mfbench.journal import sealing
folder = Path(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
sealing.seal(folder)
print("done", flush=True)
"""


def test_kill_9_at_any_moment_loses_nothing(tmp_path: Path) -> None:
    chance = random.Random(11)
    original = tmp_path / "original"
    original.mkdir()
    for name in ("main-1.jsonl", "main.7-1.jsonl", "worker-1.jsonl"):
        _segment(original, name, _points(700))
    written = {path.name: path.read_bytes() for path in original.iterdir()}
    events = read_events(original)
    for number in range(24):
        folder = tmp_path / str(number)
        shutil.copytree(original, folder)
        child = start(SEAL, folder)
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdout.readline()
        child.stdin.write("\n")
        child.stdin.flush()
        time.sleep(chance.uniform(0, 0.05))
        kill(child)
        assert read_events(folder) == events
        seal(folder)
        assert os.listdir(folder) == [SEALED]
        assert _content(folder / SEALED) == written


@pytest.mark.parametrize("stop", range(9))
def test_an_end_before_any_step_of_it_is_gone_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: int) -> None:
    """As kill -9 would: what comes after the step never happens, cleaning up neither."""
    _segment(tmp_path, "main-1.jsonl", _points(20))
    _segment(tmp_path, "worker-1.jsonl", _points(20))
    events, written = read_events(tmp_path), {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    class Killed(BaseException):
        pass

    steps = 0

    def counted(name: str) -> None:
        real = getattr(os, name)

        def step(*words: Any, **more: Any) -> Any:
            nonlocal steps
            steps += 1
            if steps > stop:
                raise Killed
            return real(*words, **more)

        monkeypatch.setattr(os, name, step)

    for name in ("unlink", "replace", "fsync"):
        counted(name)
    try:
        seal(tmp_path)
    except Killed:
        pass
    monkeypatch.undo()
    assert read_events(tmp_path) == events
    seal(tmp_path)
    assert os.listdir(tmp_path) == [SEALED]
    assert _content(tmp_path / SEALED) == written
