"""Archives of arrays: models that skops has written, named by their attributes, and NumPy's .npz."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from mfbench.compare.arrays import compare_arrays, read_array
from mfbench.compare.difference import Difference, is_alike, shown

ABSENT = "not there"
_SCHEMA = "schema.json"
_FOLLOWS = ("_sklearn_version", "_skops_version", "protocol")  # they differ with the versions: named last
_MOST = 2 << 30  # bytes of an unpacked archive that are looked into


class Member:
    """A file of an archive: what a part of the model lies in."""

    def __init__(self, name: str) -> None:
        self.name = name


def compare_archives(file: str, before: Path, after: Path) -> Difference | None:
    """The first parameter or tensor that differs; None where all are equal. Raises ValueError for what is too large."""
    with zipfile.ZipFile(before) as old, zipfile.ZipFile(after) as new:
        for archive in (old, new):
            if sum(info.file_size for info in archive.infolist()) > _MOST:
                raise ValueError("too large to be looked into")
        left, right = _parts(old), _parts(new)
        found: list[Difference] = []
        for name in sorted(dict.fromkeys([*left, *right]), key=lambda name: name.rpartition(".")[2] in _FOLLOWS):
            each = _compare(file, name, left.get(name, ABSENT), right.get(name, ABSENT), old, new)
            found += [each] if each else []
    if not found:
        return None
    return msgspec.structs.replace(found[0], others=len(found) - 1)


def _compare(
    file: str, name: str, before: Any, after: Any, old: zipfile.ZipFile, new: zipfile.ZipFile
) -> Difference | None:
    if isinstance(before, Member) and isinstance(after, Member):
        contents = old.read(before.name), new.read(after.name)
        if contents[0] == contents[1]:
            return None
        try:
            return compare_arrays(file, name, *map(read_array, contents))
        except ValueError:  # not an array of numbers
            sizes = [f"{len(content):,} bytes" for content in contents]
            return Difference(file=file, kind="tensor", where=name, before=sizes[0], after=sizes[1])
    if not isinstance(before, Member) and not isinstance(after, Member) and is_alike(before, after):
        return None
    left, right = ("an array" if isinstance(side, Member) else shown(side) for side in (before, after))
    return Difference(file=file, kind="parameter", where=name, before=left, after=right)


def _parts(archive: zipfile.ZipFile) -> dict[str, Any]:
    """What the archive holds by name: values, and members for arrays."""
    names = archive.namelist()
    if _SCHEMA not in names:
        return dict(_members(names))
    schema = json.loads(archive.read(_SCHEMA))
    found = dict(_walk(schema, str(schema.get("__class__", "model"))))
    known = {part.name for part in found.values() if isinstance(part, Member)}
    return found | _members(name for name in names if name not in known | {_SCHEMA})


def _members(names: Iterable[str]) -> dict[str, Member]:
    return {name.removesuffix(".npy"): Member(name) for name in names}


def _walk(node: Any, path: str) -> Iterator[tuple[str, Any]]:
    """(path, value or Member) of every leaf of skops' schema; `path` as it is written in Python."""
    if isinstance(node, list):
        for i, item in enumerate(node):
            yield from _walk(item, f"{path}[{i}]")
        return
    if not isinstance(node, dict) or "__class__" not in node:
        yield path, node
        return
    yield f"{path} (type)", node["__class__"]
    is_object = node.get("__loader__") == "ObjectNode"
    for key in sorted(node.keys() - {"key_types", "is_json", "type"}):
        item = node[key]
        if key.startswith("__"):
            continue
        if key == "file" and isinstance(item, str):
            yield path, Member(item)
        elif node.get("is_json") and key == "content":
            yield path, _value(item)
        elif is_object and key == "content" and isinstance(item, dict):
            inner = item.get("content")
            yield from _items(inner, path, ".{}") if isinstance(inner, dict) else _walk(item, path)
        elif key == "content" and isinstance(item, dict) and "__class__" not in item:
            yield from _items(item, path, "[{!r}]")
        elif key == "content":
            yield from _walk(item, path)
        else:
            yield from _walk(item, f"{path}.{key}")


def _items(items: dict[str, Any], path: str, form: str) -> Iterator[tuple[str, Any]]:
    for name, item in items.items():
        yield from _walk(item, path + form.format(name))


def _value(text: Any) -> Any:
    try:
        return json.loads(text)
    except (TypeError, ValueError):
        return text
