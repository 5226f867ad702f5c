from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mfbench.journal.cursor import Cursor, unread
from mfbench.journal.line import encode_line
from mfbench.journal.reader import Tail, read_events, segment_names


def _lines(count: int) -> list[bytes]:
    return [encode_line((seq, 1_700_000_000_000_000 + seq, "log", f"event {seq}")) for seq in range(count)]


def _segment(folder: Path, lines: list[bytes], name: str = "main-1.jsonl") -> Cursor:
    (folder / name).write_bytes(b"".join(lines))
    return Cursor(str(folder / name))


def test_an_unterminated_tail_waits_and_is_never_cut(tmp_path: Path) -> None:
    lines = _lines(3)
    path = tmp_path / "main-1.jsonl"
    cursor = _segment(tmp_path, [*lines[:2], lines[2][:-1]])
    before = path.read_bytes()
    assert [event[0] for event in cursor.read()] == [0, 1]
    assert cursor.read() == []
    assert path.read_bytes() == before
    with path.open("ab") as stream:
        stream.write(b"\n")
    assert [event[0] for event in cursor.read()] == [2]
    assert cursor.damages == []


def test_a_damaged_line_is_reported_with_file_offset_and_gap(tmp_path: Path) -> None:
    lines = _lines(6)
    lines[3] = lines[3].replace(b"event", b"evint")
    cursor = _segment(tmp_path, lines)
    assert [event[0] for event in cursor.read()] == [0, 1, 2, 4, 5]
    (damage,) = cursor.damages
    offset = sum(map(len, lines[:3]))
    assert (damage.offset, damage.missing) == (offset, (3, 3))
    assert str(damage) == (f"{tmp_path}/main-1.jsonl: byte {offset}: checksum does not fit; event 3 is missing")


def test_lines_that_are_gone_are_a_gap(tmp_path: Path) -> None:
    lines = _lines(8)
    cursor = _segment(tmp_path, lines[:2] + lines[5:])
    assert [event[0] for event in cursor.read()] == [0, 1, 5, 6, 7]
    assert [(d.reason, d.offset, d.missing) for d in cursor.damages] == [
        ("a gap in the sequence", len(lines[0] + lines[1]), (2, 4))
    ]


def test_each_gap_belongs_to_the_damage_before_it(tmp_path: Path) -> None:
    """A torn line that held no acknowledged event, whole lines, then lines that are gone."""
    lines = _lines(6)
    cursor = _segment(tmp_path, [lines[0], b"torn\n", lines[1], lines[2], lines[5]])
    assert [event[0] for event in cursor.read()] == [0, 1, 2, 5]
    assert [(d.reason, d.missing) for d in cursor.damages] == [
        ("no checksum", None),
        ("a gap in the sequence", (3, 4)),
    ]


flips = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)), min_size=1, max_size=6)


@given(flips, st.sampled_from([None, 1, 64, 300]))
@settings(max_examples=150, deadline=None)
def test_flipped_bytes_cost_at_most_the_lines_that_they_touch(
    flips: list[tuple[float, int]], limit: int | None
) -> None:
    lines = _lines(20)
    owner = [number for number, line in enumerate(lines) for _ in line]
    content = bytearray(b"".join(lines))
    whole = bytes(content)
    for place, change in flips:
        content[int(place * len(content))] ^= change
    changed = [at for at in range(len(content)) if content[at] != whole[at]]
    touched = {owner[at] for at in changed}
    touched |= {owner[at] + 1 for at in changed if whole[at : at + 1] == b"\n"}  # two lines became one
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "main-1.jsonl"
        path.write_bytes(content)
        cursor = Cursor(str(path))
        events = []
        while not cursor.at_end:
            events += cursor.read(limit)
        assert path.read_bytes() == content
    kept = [event[0] for event in events]
    assert events == [[seq, 1_700_000_000_000_000 + seq, "log", f"event {seq}"] for seq in kept]
    lost = set(range(20)) - set(kept)
    assert lost <= touched
    named = {seq for d in cursor.damages if d.missing for seq in range(d.missing[0], d.missing[1] + 1)}
    assert named == {seq for seq in lost if seq < max(kept, default=-1)}
    if lost - named:  # lost at the very end: damaged, or without its newline a tail that waits
        assert cursor.damages or content[-1:] != b"\n"


@given(st.lists(st.text(max_size=40), max_size=30), st.lists(st.integers(1, 200), min_size=1, max_size=40))
@settings(max_examples=40, deadline=None)
def test_reading_while_it_grows_is_reading_it_whole(texts: list[str], pieces: list[int]) -> None:
    content = b"".join(encode_line((seq, seq, "log", text)) for seq, text in enumerate(texts))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "main-1.jsonl"
        path.touch()
        cursor = Cursor(str(path))
        read = []
        at = 0
        for size in [*pieces, len(content)]:
            with path.open("ab") as stream:
                stream.write(content[at : at + size])
            at += size
            read += cursor.read(size)
        while not cursor.at_end:
            read += cursor.read(7)
    assert [event[3] for event in read] == texts
    assert cursor.damages == []


def test_a_tail_finds_new_segments_and_orders_by_time(tmp_path: Path) -> None:
    def write(name: str, *times: int) -> None:
        lines = [encode_line((seq, time, "log", name, seq)) for seq, time in enumerate(times)]
        (tmp_path / name).write_bytes(b"".join(lines))

    tail = Tail(tmp_path)
    assert Tail(tmp_path / "missing").poll() == []
    write("a-1.jsonl", 10, 30, 20)  # the clock was set back
    write("b-1.jsonl", 5, 15, 40)
    assert [event[3:] for event in tail.poll()] == [
        ["b-1.jsonl", 0], ["a-1.jsonl", 0], ["b-1.jsonl", 1], ["a-1.jsonl", 1], ["a-1.jsonl", 2], ["b-1.jsonl", 2],
    ]  # fmt: skip
    write("c-1.jsonl", 1)
    (tmp_path / ".artifact").write_bytes(b"not a segment")
    (tmp_path / "notes.txt").write_bytes(b"not a segment")
    assert [event[3:] for event in tail.poll()] == [["c-1.jsonl", 0]]
    assert tail.poll() == []


def test_segments_are_read_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for name in ("driver-10.jsonl", "driver-2.jsonl", "driver-1.jsonl", "main.77-1.jsonl", "main-1.jsonl"):
        (tmp_path / name).touch()
    assert segment_names(tmp_path) == [
        "driver-1.jsonl", "driver-2.jsonl", "driver-10.jsonl", "main-1.jsonl", "main.77-1.jsonl",
    ]  # fmt: skip


@pytest.mark.parametrize("limit", [1, 30, 10_000])
def test_a_limit_never_stops_inside_a_long_line(tmp_path: Path, limit: int) -> None:
    cursor = _segment(tmp_path, [encode_line((0, 0, "log", "x" * 5000)), encode_line((1, 0, "log", "y"))])
    read = []
    while not cursor.at_end:
        read += cursor.read(limit)
    assert [event[0] for event in read] == [0, 1]


def test_a_long_torn_tail_is_an_end_under_any_limit(tmp_path: Path) -> None:
    cursor = _segment(tmp_path, [encode_line((0, 0, "log", "x")), b"y" * 5000])
    read = []
    while not cursor.at_end:
        read += cursor.read(100)
    assert [event[0] for event in read] == [0]
    assert cursor.damages == []


@given(
    st.lists(st.sampled_from(["whole", "flip", "cut", "drop", "twice", "blank"]), max_size=25),
    st.sampled_from([None, 1, 90]),
)
@settings(max_examples=150, deadline=None)
def test_reading_quickly_is_reading_line_by_line(fates: list[str], limit: int | None) -> None:
    """Whatever happened to the lines: the loop for the usual case never tells more or less than the careful one."""
    lines: list[bytes] = []
    for line, fate in zip(_lines(len(fates)), fates, strict=True):
        lines += {
            "whole": [line],
            "flip": [line.replace(b"event", b"evint")],
            "cut": [line[:9] + b"\n"],
            "drop": [],
            "twice": [line, line],
            "blank": [b"\n", line],
        }[fate]
    with tempfile.TemporaryDirectory() as folder:
        cursor = _segment(Path(folder), lines)
        read = []
        while not cursor.at_end:
            read += cursor.read(limit)
        careful = Cursor(cursor.path)
        expected = [event for line in lines if (event := careful._take_one(line[:-1]))]
    assert read == expected
    assert cursor.damages == careful.damages
    assert (cursor.offset, cursor.next_seq) == (careful.offset, careful.next_seq)


def _read_part(folder: Path) -> tuple[Cursor, list[bytes]]:
    lines = _lines(4)
    cursor = _segment(folder, lines[:2])
    assert len(cursor.read()) == 2
    return cursor, lines


def test_a_segment_that_has_grown_is_read_on(tmp_path: Path) -> None:
    cursor, lines = _read_part(tmp_path)
    later = Cursor(cursor.path, cursor.offset, cursor.next_seq, cursor.tail)  # as a fold goes on from what it stored
    _segment(tmp_path, lines)
    for each in (cursor, later):
        assert [event[0] for event in each.read()] == [2, 3]
        assert not each.changed


@pytest.mark.parametrize("what", ["cut", "other content", "longer other content", "replaced"])
def test_a_segment_that_is_another_one_is_noticed(tmp_path: Path, what: str) -> None:
    cursor, lines = _read_part(tmp_path)
    other = [encode_line((seq, 7, "log", f"EVENT {seq}".ljust(len("event 0")))) for seq in range(2)]
    long = encode_line((0, 1_700_000_000_000_000, "log", "x" * 500))
    content = {
        "cut": lines[:1],
        "other content": [lines[0], encode_line((1, 1_700_000_000_000_001, "log", "event 7"))],
        "longer other content": [*lines[:1], long],
        "replaced": [*other, *other],
    }[what]
    _segment(tmp_path, content)
    assert cursor.read() == []
    assert cursor.changed
    assert cursor.at_end
    assert cursor.read() == []


def test_the_tail_is_the_end_of_the_last_whole_line(tmp_path: Path) -> None:
    lines = _lines(3)
    cursor = _segment(tmp_path, [*lines, b"torn"])
    while not cursor.at_end:
        cursor.read(1)
    assert cursor.tail == lines[2][-10:]
    assert cursor.offset == sum(map(len, lines))
    (tmp_path / "main-1.jsonl").unlink()
    assert cursor.read() == []
    assert not cursor.changed  # gone, or sealed: not for a cursor to tell


def test_what_is_no_plain_file_stops_nobody(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe-1.jsonl")
    (tmp_path / "folder-1.jsonl").mkdir()
    (tmp_path / "loop-1.jsonl").symlink_to("loop-1.jsonl")
    (tmp_path / "main-1.jsonl").write_bytes(encode_line((0, 1, "log", "info", "here")))
    assert read_events(tmp_path) == [[0, 1, "log", "info", "here"]]
    for name in segment_names(tmp_path):
        cursor = Cursor(f"{tmp_path}/{name}")
        assert len(cursor.read()) == (name == "main-1.jsonl")
        assert cursor.at_end
        assert bool(cursor.damages) == (name != "main-1.jsonl")
        assert bool(unread(cursor.path, 0)) == (name == "main-1.jsonl")
