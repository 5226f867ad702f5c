"""Every key of a TOML text is found where it stands; a text that is no TOML is explained, whatever it holds."""

from __future__ import annotations

import json
import tomllib
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mfbench.recipe.positions import Path, positions, twice
from mfbench.recipe.syntax import explain

BARE = st.from_regex(r"[A-Za-z0-9_-]{1,6}", fullmatch=True)
SIGNS = st.characters(exclude_categories=("Cs", "Cc")) | st.sampled_from("\"'\\#[]{}=,. ")
KEYS = BARE | st.text(SIGNS, max_size=5)
SCALARS = (
    st.integers(-(2**62), 2**62)
    | st.booleans()
    | st.sampled_from([1.5, -2e300])
    | st.text(SIGNS | st.just("\n"), max_size=12)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


class Writer:
    """Writes a tree as TOML in one of many styles and notes where each key and entry begins."""

    def __init__(self, draw: Any) -> None:
        self.draw = draw
        self.text = ""
        self.places: dict[Path, int] = {}

    def one_of(self, *options: str) -> str:
        return str(self.draw(st.sampled_from(options)))

    def note(self, path: Path, at: int) -> None:
        self.places.setdefault(path, at)

    def key(self, key: str) -> str:
        bare = key.replace("-", "").replace("_", "").isalnum() and key.isascii()
        if bare and self.draw(st.booleans()):
            return key
        return f"'{key}'" if "'" not in key and self.draw(st.booleans()) else json.dumps(key, ensure_ascii=False)

    def table(self, path: Path, tree: dict[str, Any], spelled: str) -> None:
        later: list[tuple[str, Any]] = []
        for key, value in tree.items():
            tables = isinstance(value, list) and value and all(isinstance(item, dict) for item in value)
            if (isinstance(value, dict) or tables) and self.draw(st.booleans()):
                later.append((key, value))
                continue
            self.text += self.one_of("", "  ", "\t", "\n", "# a = 1 [x]\n")
            self.pair(path, key, value)
            self.text += self.one_of("\n", "  # comment = 'x\n", "\n\n")
        for key, value in later:
            name = f"{spelled}{self.key(key)}"
            for i, item in enumerate(value if isinstance(value, list) else [value]):
                at, here = len(self.text), (*path, key)
                if isinstance(value, list):
                    self.note(here, at)
                    here = (*here, i)
                    self.text += f"[[ {name} ]]\n"
                else:
                    self.text += f"[{name}]  # the table\n"
                self.note(here, at)
                self.table(here, item, f"{name}.")

    def pair(self, path: Path, key: str, value: Any) -> None:
        at = len(self.text)
        self.text += self.key(key)
        path = (*path, key)
        self.note(path, at)
        while isinstance(value, dict) and len(value) == 1 and self.draw(st.booleans()):  # a dotted key
            [(key, value)] = value.items()
            self.text += self.one_of(".", " . ") + self.key(key)
            path = (*path, key)
            self.note(path, at)
        self.text += self.one_of("=", " = ")
        self.value(path, value)

    def value(self, path: Path, value: Any) -> None:
        if isinstance(value, dict):
            self.text += "{ "
            for i, (key, item) in enumerate(value.items()):
                self.text += ", " * (i > 0)
                self.pair(path, key, item)
            self.text += " }"
        elif isinstance(value, list):
            self.text += "["
            for i, item in enumerate(value):
                self.text += self.one_of("", " ", "\n  ", " # one, two ]\n")
                self.note((*path, i), len(self.text))
                self.value((*path, i), item)
                self.text += self.one_of(",", " ,", "\n,")
            self.text += "]"
        elif isinstance(value, str):
            self.text += self.string(value)
        else:
            self.text += json.dumps(value)

    def string(self, value: str) -> str:
        style = self.one_of("basic", "literal", "lines", "literal lines")
        if style == "literal" and "'" not in value and "\n" not in value:
            return f"'{value}'"
        if style == "literal lines" and "'" not in value:
            return f"'''\n{value}'''"
        if style == "lines" and '""' not in value:
            return '"""\n' + value.replace("\\", "\\\\") + '"""'
        return json.dumps(value, ensure_ascii=False)


@st.composite
def documents(draw: Any) -> tuple[str, dict[str, Any], dict[Path, int]]:
    tree = draw(st.dictionaries(KEYS, VALUES, max_size=5))
    writer = Writer(draw)
    writer.table((), tree, "")
    return writer.text, tree, writer.places


@given(documents())
@settings(max_examples=150, deadline=None)
def test_every_key_stands_where_it_is_said_to(document: tuple[str, dict[str, Any], dict[Path, int]]) -> None:
    text, tree, places = document
    assert tomllib.loads(text) == tree
    expected = {path: (text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)) for path, at in places.items()}
    found = positions(text)
    assert {path: found.get(path) for path in expected} == expected
    assert twice(text) is None


@given(st.text(st.sampled_from("ab=.,[]{}\"'\\\n #1e_-:T\x01“"), max_size=60))
@settings(max_examples=300, deadline=None)
def test_whatever_is_no_toml_is_explained(text: str) -> None:
    positions(text)
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        problem = explain(str(error), text)
        assert problem.message
        assert 1 <= problem.line <= text.count("\n") + 1
        assert 1 <= problem.column <= len(text.split("\n")[problem.line - 1]) + 1


def test_the_second_of_two_is_found() -> None:
    assert twice('[a]\nb = 1\n[c]\nb = 1\n"b" = 2\n') == (("c", "b"), (4, 1), (5, 1))
    assert twice("a = { b = 1, c.d = 2, c.d = 3 }") == (("a", "c", "d"), (1, 14), (1, 23))
    assert twice("[[a]]\nb = 1\n[[a]]\nb = 1\n") is None
    assert twice("[a.b]\n[a]\nc = 1\n") is None
