"""An archive is anybody's: whatever it holds, nothing of it gets in that export would not have written."""

from __future__ import annotations

import json
import random
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mfbench.care.archive import collision, is_run_file
from mfbench.care.exporting import export
from mfbench.care.importing import import_archive
from mfbench.core.errors import DamageError, DiskError, MfbenchError, UsageError
from mfbench.core.hashing import digest_bytes
from mfbench.journal.ledger import LedgerWriter
from mfbench.journal.line import encode_line
from mfbench.registry.models import Registry
from mfbench.workspace.workspace import Workspace
from tests.care.parcels import Entries, holds, listed, litter, log_run, new_workspace, packed, register, unpacked

NOTHING: dict[str, Any] = {"runs": {}, "others": {}, "blobs": set(), "models": {}}
Index = dict[str, Any]


@pytest.fixture
def good(tmp_path: Path) -> tuple[Index, Entries]:
    source = new_workspace(tmp_path / "source")
    export(source, tmp_path / "good.zip", [log_run(source)], [register(source).name])
    return unpacked(tmp_path / "good.zip")


@pytest.fixture
def target(tmp_path: Path) -> Workspace:
    return new_workspace(tmp_path / "target")


def refused(target: Workspace, archive: Path, kind: type[MfbenchError] = DamageError) -> str:
    """The message; nothing may have come in, here or elsewhere."""
    around = sorted(path.name for path in target.root.parent.iterdir())
    with pytest.raises(kind) as caught:
        import_archive(target, archive)
    assert (holds(target), litter(target), target.ledger.exists()) == (NOTHING, [], False)
    assert sorted(path.name for path in target.root.parent.iterdir()) == around
    return caught.value.message


def with_file(index: Index, entries: Entries, path: str, content: bytes = b"x") -> None:
    """Both lists agree that the first run has such a file."""
    run = index["runs"][0]
    run["files"][path] = listed(content)
    entries[f"runs/{run['id']}/{path}"] = content


BAD_PATHS = [
    "../x", "a/../../x", "/etc/x", "a\\b", "C:x", "c:/x", "a//b", "a/", "", ".", "..", ".hidden", "a/.hidden", "con",
    "a/NUL.txt", "a.", "a ", " a", "a\nb", "a\x1b[2J", "a\u202egnp", "a*b", "x" * 256, "/".join(["abcdefgh"] * 200),
    "events/x.sh", "events/a/b-1.jsonl", "events/.a-1.jsonl", "events/../a-1.jsonl", "events", "EVENTS/../x",
]  # fmt: skip


@pytest.mark.parametrize("path", BAD_PATHS)
def test_paths_that_no_run_has(path: str, good: tuple[Index, Entries], target: Workspace, tmp_path: Path) -> None:
    index, entries = good
    with_file(index, entries, path)
    refused(target, packed(tmp_path / "bad.zip", index, entries))
    assert not is_run_file(path)


@pytest.mark.parametrize(
    "paths", [("A.txt", "a.txt"), ("a/x", "A/y"), ("a", "a/b"), ("\u00e9", "e\u0301"), ("ß", "SS")]
)
def test_paths_that_are_one_elsewhere(
    paths: tuple[str, str], good: tuple[Index, Entries], target: Workspace, tmp_path: Path
) -> None:
    index, entries = good
    for path in paths:
        with_file(index, entries, path)
    assert "no run has" in refused(target, packed(tmp_path / "bad.zip", index, entries))
    assert collision(paths) is not None


def test_ordinary_paths_are_fine() -> None:
    paths = ["events/driver-1.jsonl", "events/main.123-2.jsonl", "events/sealed.parquet", "job.json", "study.log",
             "artifacts/größe/a b.png", "checkpoint/step=3/w.bin", "a/b", "a/c"]  # fmt: skip
    assert all(map(is_run_file, paths))
    assert collision(paths) is None


LIES: dict[str, Callable[[Index], Any]] = {
    "run id": lambda index: index["runs"][0].update(id="../../../x"),
    "run id with a newline": lambda index: index["runs"][0].update(id=index["runs"][0]["id"] + "\n"),
    "the same run twice": lambda index: index["runs"].append(index["runs"][0]),
    "workspace id": lambda index: index.update(workspace="../../x"),
    "a digest that is a path": lambda index: index["blobs"].update({"../x": 1}),
    "a digest in capitals": lambda index: index["blobs"].update({"A" * 64: 1}),
    "a negative size": lambda index: index["blobs"].update({"a" * 64: -1}),
    "a size beyond all": lambda index: index["blobs"].update({"a" * 64: 1 << 60}),
    "a run without a journal": lambda index: index["runs"][0].update(files={}),
    "a version that the ledger does not know": lambda index: index["models"][0].update(version=9),
    "a version of another digest": lambda index: index["models"][0].update(digest="a" * 64),
    "another head": lambda index: index.update(head="a" * 64),
}
SWAPS: dict[str, Callable[[Entries], Any]] = {
    "an entry more": lambda entries: entries.update({"../evil": b"x"}),
    "an entry less": lambda entries: entries.popitem(),
    "other content": lambda entries: entries.update({name: each[:-1] + b"?" for name, each in entries.items()}),
    "shorter content": lambda entries: entries.update({name: each[:-1] for name, each in entries.items()}),
    "longer content": lambda entries: entries.update({name: each + b"?" for name, each in entries.items()}),
    "a folder": lambda entries: entries.update({"runs/": b""}),
}


@pytest.mark.parametrize("name", [*LIES, *SWAPS])
def test_archives_that_do_not_agree(name: str, good: tuple[Index, Entries], target: Workspace, tmp_path: Path) -> None:
    index, entries = good
    if name in LIES:
        LIES[name](index)
    else:
        SWAPS[name](entries)
    refused(target, packed(tmp_path / "bad.zip", index, entries))


def test_models_without_their_ledger(good: tuple[Index, Entries], target: Workspace, tmp_path: Path) -> None:
    index, entries = good
    del entries[f"ledger/{index['workspace']}.jsonl"]
    archive = packed(tmp_path / "bad.zip", index | {"ledger": None}, entries)
    assert "without their ledger" in refused(target, archive)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b'{"format":"1"}', b"[" * 100_000, b"\xff", b"null"])
def test_no_index_of_ours(content: bytes, target: Workspace, tmp_path: Path) -> None:
    assert "no archive" in refused(target, packed(tmp_path / "bad.zip", content, {}), UsageError)


def test_a_newer_format(good: tuple[Index, Entries], target: Workspace, tmp_path: Path) -> None:
    index, entries = good
    assert "format 2" in refused(target, packed(tmp_path / "new.zip", index | {"format": 2}, entries), UsageError)


def test_no_zip_file(target: Workspace, tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(b"PK\x03\x04 and then nothing")
    refused(target, tmp_path / "x.zip", UsageError)
    with zipfile.ZipFile(tmp_path / "y.zip", "w") as other:
        other.writestr("readme.txt", "somebody's")
    refused(target, tmp_path / "y.zip", UsageError)


def _as_link(archive: zipfile.ZipFile) -> None:
    archive.infolist()[-1].external_attr = (stat.S_IFLNK | 0o777) << 16


def _encrypted(archive: zipfile.ZipFile) -> None:
    archive.infolist()[-1].flag_bits |= 0x1


def _twice(archive: zipfile.ZipFile) -> None:
    with pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr(archive.infolist()[-1].filename, b"the other one")


@pytest.mark.parametrize("change", [_as_link, _encrypted, _twice])
def test_entries_that_are_no_plain_files(
    change: Callable[[zipfile.ZipFile], None], good: tuple[Index, Entries], target: Workspace, tmp_path: Path
) -> None:
    refused(target, packed(tmp_path / "bad.zip", *good, change))


def test_a_name_that_is_cut_at_a_zero(good: tuple[Index, Entries], target: Workspace, tmp_path: Path) -> None:
    archive = packed(tmp_path / "bad.zip", *good)
    name = sorted(good[1])[0].encode()
    archive.write_bytes(archive.read_bytes().replace(name[:-1] + name[-1:], name[:-1] + b"\0"))
    refused(target, archive)


def test_bombs(good: tuple[Index, Entries], target: Workspace, tmp_path: Path) -> None:
    index, entries = good
    bomb = bytes(50_000_000)
    [name, *_] = [name for name in entries if name.startswith("blobs/")]
    archive = packed(tmp_path / "bomb.zip", index, entries | {name: bomb})
    assert "size that is listed" in refused(target, archive)
    # the same with a header that lies about its size
    raw = archive.read_bytes().replace(struct.pack("<I", len(bomb)), struct.pack("<I", len(entries[name])))
    archive.write_bytes(raw)
    refused(target, archive)
    lying = json.loads(json.dumps(index))
    lying["blobs"]["a" * 64] = 1 << 45
    refused(target, packed(tmp_path / "large.zip", lying, entries))


def test_what_would_fill_the_disk(
    good: tuple[Index, Entries], target: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil

    usage = shutil.disk_usage(tmp_path)
    archive = packed(tmp_path / "good.zip", *good)
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage._replace(free=100))
    refused(target, archive, DiskError)


def segment_of(run: str, *lines: bytes) -> bytes:
    return encode_line((0, 1, "header", {"format": 1, "run": run})) + b"".join(lines)


@pytest.mark.parametrize(
    "content",
    [
        segment_of("20260101-120000000-other"),
        segment_of("x", b"not a line\n"),
        encode_line((0, 1, "header", {"run": "other"})),
        encode_line((0, 1, "header", "odd")),
        encode_line((0, 1, "header")),
        b"no line at all\n",
        b"[0,1,2]\n" * 3,
        encode_line((0, 1, "log", "info", "x"))[:-1],
        b"\x00" * 100,
    ],
)
def test_journals_that_are_none(content: bytes, good: tuple[Index, Entries], target: Workspace, tmp_path: Path) -> None:
    index, entries = good
    with_file(index, entries, "events/evil-1.jsonl", content)
    refused(target, packed(tmp_path / "bad.zip", index, entries))


def test_a_sealed_journal_that_is_none(good: tuple[Index, Entries], target: Workspace, tmp_path: Path) -> None:
    index, entries = good
    for content in (b"", b"PAR1" + bytes(100) + b"PAR1", random.Random(1).randbytes(1000)):
        with_file(index, entries, "events/sealed.parquet", content)
        refused(target, packed(tmp_path / "bad.zip", index, entries))


def with_ledger(index: Index, entries: Entries, tmp_path: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    """The archive's ledger anew, its chain whole, the body of the version's entry changed."""
    name = f"ledger/{index['workspace']}.jsonl"
    (tmp_path / "old.jsonl").write_bytes(entries[name])
    path = tmp_path / "new.jsonl"
    path.unlink(missing_ok=True)
    old, new = LedgerWriter(tmp_path / "old.jsonl"), LedgerWriter(path)
    for entry in old.entries:
        if entry.kind == "model.version":
            change(entry.body)
        new.append(entry.kind, entry.body, reason=entry.reason, by=entry.actor)
    old.close()
    new.close()
    entries[name] = path.read_bytes()
    index["ledger"], index["head"] = listed(entries[name]), digest_bytes(entries[name].splitlines(keepends=True)[-1])


@pytest.mark.parametrize(
    "change",
    [
        {"model": "../../x"}, {"model": "a\x1b[2J"}, {"version": 0}, {"version": 1 << 40}, {"version": "1"},
        {"digest": "../../../etc/passwd"}, {"provenance": "../../etc/passwd"}, {"run": "../x"}, {"run": 5},
        {"metrics": {"auc": "abc"}}, {"metrics": {"auc": 10**400}}, {"metrics": []}, {"metrics": {"auc": None}},
        {"origin": {"workspace": 1}}, {"origin": "x"}, {"data": {}},
    ],
)  # fmt: skip
def test_versions_that_cannot_be(
    change: dict[str, Any], good: tuple[Index, Entries], target: Workspace, tmp_path: Path
) -> None:
    index, entries = good
    with_ledger(index, entries, tmp_path, lambda body: body.update(change))
    index["models"][0].update({key: value for key, value in change.items() if key == "digest"})
    refused(target, packed(tmp_path / "bad.zip", index, entries))


def test_a_ledger_whose_chain_is_broken(good: tuple[Index, Entries], target: Workspace, tmp_path: Path) -> None:
    index, entries = good
    name = f"ledger/{index['workspace']}.jsonl"
    for content in (entries[name].replace(b"good", b"evil"), b"".join(entries[name].splitlines(keepends=True)[1:])):
        changed = index | {"ledger": listed(content)}
        refused(target, packed(tmp_path / "bad.zip", changed, entries | {name: content}))


def test_a_ledger_that_has_gone_another_way(good: tuple[Index, Entries], target: Workspace, tmp_path: Path) -> None:
    index, entries = good
    import_archive(target, packed(tmp_path / "good.zip", index, entries))
    kept = (target.ledgers / f"{index['workspace']}.jsonl").read_bytes()
    with_ledger(index, entries, tmp_path, lambda body: body.update(reason="another"))
    before = target.ledger.read_bytes()
    with pytest.raises(DamageError, match="different ways"):
        import_archive(target, packed(tmp_path / "bad.zip", index, entries))
    assert (target.ledgers / f"{index['workspace']}.jsonl").read_bytes() == kept
    assert (target.ledger.read_bytes(), litter(target)) == (before, [])


def test_a_ledger_in_the_name_of_this_workspace(good: tuple[Index, Entries], target: Workspace, tmp_path: Path) -> None:
    """An archive may say that it comes from here: what stands in this workspace's own ledger never changes for it."""
    register(target, "own")
    before = target.ledger.read_bytes()
    index, entries = good
    entries[f"ledger/{target.id}.jsonl"] = entries.pop(f"ledger/{index['workspace']}.jsonl")
    index["workspace"] = target.id
    import_archive(target, packed(tmp_path / "bad.zip", index, entries))
    assert target.ledger.read_bytes().startswith(before)
    assert Registry(target).model("own").aliases == {"champion": 1}
    assert sorted(path.name for path in target.ledgers.glob("*.jsonl")) == [f"{target.id}.jsonl"]


def test_a_bundle_that_names_files_outside(tmp_path: Path, target: Workspace) -> None:
    source = new_workspace(tmp_path / "source")
    version = register(source)
    manifest = json.loads((source.blobs / version.digest).read_bytes())
    manifest["files"] = {"../../evil": manifest["files"]["model/weights.bin"]}
    content = json.dumps(manifest).encode()
    export(source, tmp_path / "good.zip", [], ["m"])
    index, entries = unpacked(tmp_path / "good.zip")
    digest = digest_bytes(content)
    entries[f"blobs/{digest}"] = content
    index["blobs"][digest] = len(content)
    with_ledger(index, entries, tmp_path, lambda body: body.update(digest=digest))
    index["models"][0]["digest"] = digest
    assert "outside of the bundle" in refused(target, packed(tmp_path / "bad.zip", index, entries))


def test_flipped_and_cut_archives(good: tuple[Index, Entries], tmp_path: Path) -> None:
    """Whatever byte is wrong: it is told in one message, or does not matter."""
    whole = packed(tmp_path / "good.zip", *good).read_bytes()
    chance = random.Random(7)
    fine = new_workspace(tmp_path / "fine")
    import_archive(fine, tmp_path / "good.zip")
    target = new_workspace(tmp_path / "flipped")
    for number in range(150):
        content = bytearray(whole)
        if number % 5 == 0:
            del content[chance.randrange(len(content)) :]
        else:
            content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        (tmp_path / "bad.zip").write_bytes(content)
        try:
            import_archive(target, tmp_path / "bad.zip")
        except (DamageError, UsageError):
            assert (holds(target), litter(target)) == (NOTHING, [])
        else:
            assert holds(target) == holds(fine)
            target = new_workspace(tmp_path / f"flipped {number}")
