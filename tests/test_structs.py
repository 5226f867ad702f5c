"""What threads of the screen decode was made ready when its module was imported: msgspec crashes otherwise."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import msgspec.inspect

import mfbench
from mfbench.core import structs

# What runs in processes of one thread: each leads its own trial, step, command, pass or verification.
ALONE = ("steps", "tuning", "worker", "cli", "testing", "features", "engine.driver", "engine.taking")


def test_types_that_are_decoded_are_ready() -> None:
    found = subprocess.run([sys.executable, __file__], capture_output=True, text=True, check=True)
    assert found.stdout == ""
    assert int(found.stderr) > 15


def main() -> None:
    """Prints a line for each type that is not ready; in a process of its own, so that nothing is imported before."""
    ready: list[object] = []
    make = structs.make_ready

    def noted(*kinds: Any) -> None:
        make(*kinds)
        for kind in kinds:
            ready.append(kind)
            note(msgspec.inspect.type_info(kind))

    def note(info: object) -> None:
        if isinstance(info, msgspec.inspect.StructType):
            ready.append(info.cls)
        for key in getattr(info, "__struct_fields__", ()):
            value = getattr(info, key)
            for part in value if isinstance(value, tuple | list) else [value]:
                if isinstance(part, msgspec.inspect.Type | msgspec.inspect.Field):
                    note(part)

    structs.make_ready = noted
    count = 0
    for item in pkgutil.walk_packages(mfbench.__path__, "mfbench."):
        if item.name.endswith("__main__") or item.name.startswith(tuple(f"mfbench.{part}" for part in ALONE)):
            continue
        module = importlib.import_module(item.name)
        for word in sorted(decoded(Path(str(module.__file__)))):
            kind = getattr(module, word, None)
            if inspect.isclass(kind) and issubclass(kind, msgspec.Struct):
                count += 1
                if kind not in ready:
                    print(f"{item.name} decodes {word}, for which there is no make_ready")
    print(count, file=sys.stderr)


def decoded(path: Path) -> set[str]:
    """The names of the types that a module hands to msgspec to convert or decode to."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr == "convert" and len(node.args) > 1 and isinstance(node.args[1], ast.Name):
                names.add(node.args[1].id)
            names |= {one.value.id for one in node.keywords if one.arg == "type" and isinstance(one.value, ast.Name)}
    return names


if __name__ == "__main__":
    main()
