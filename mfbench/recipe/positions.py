"""Where each key of a TOML text stands.

The standard parser gives no positions. This scanner reads a text that the parser has already accepted, so
it only has to find its way over it, and it runs only once an error has to be told.
"""

from __future__ import annotations

import re
import tomllib

Path = tuple[str | int, ...]
Place = tuple[int, int]

_SPACE = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_KEY = re.compile(r"""[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'""")
_STRING = re.compile(r'"""(?:[^\\]|\\.)*?"{3,5}|' r"'''.*?'{3,5}|" r'"(?:[^"\\\n]|\\.)*"|' r"'[^'\n]*'", re.DOTALL)
_SCALAR = re.compile(r"[^,\]\}\n#]+")
_BLANK = re.compile(r"[ \t]*")


def positions(text: str) -> dict[Path, Place]:
    """Path of keys and list indices to (line, column), both from 1; values stand under their key's path too."""
    found = _scanned(text).found
    places = _places(text, list(found.values()))
    return {path: places[offset] for path, offset in found.items()}


def twice(text: str) -> tuple[Path, Place, Place] | None:
    """The first key or table that is written twice: its path, the first place, the second."""
    again = _scanned(text).again
    if again is None:
        return None
    path, first, second = again
    places = _places(text, [first, second])
    return path, places[first], places[second]


def _scanned(text: str) -> _Scanner:
    scanner = _Scanner(text)
    try:
        scanner.document()
    except (LookupError, ValueError):  # a text the parser refused: what was found so far is enough
        pass
    return scanner


def _places(text: str, offsets: list[int]) -> dict[int, Place]:
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    places: dict[int, Place] = {}
    line = 0
    for offset in sorted(offsets):
        while line + 1 < len(starts) and starts[line + 1] <= offset:
            line += 1
        places[offset] = (line + 1, offset - starts[line] + 1)
    return places


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.found: dict[Path, int] = {}
        self.tables: dict[Path, int] = {}  # how many tables each list of tables has so far, less one
        self.written: dict[Path, int] = {}  # keys and table headers that may not come again
        self.again: tuple[Path, int, int] | None = None

    def document(self) -> None:
        prefix: Path = ()
        while self.skip(_SPACE) < len(self.text):
            start = self.at
            if self.text[self.at] == "[":
                listed = self.text.startswith("[[", self.at)
                self.at += 2 if listed else 1
                prefix = self.into_tables(self.key())
                if listed:
                    self.found.setdefault(prefix, start)
                    self.tables[prefix] = self.tables.get(prefix, -1) + 1
                    prefix = (*prefix, self.tables[prefix])
                self.found.setdefault(prefix, start)
                self.write(prefix, start)
                self.skip(_BLANK)
                self.at += 2 if listed else 1
            else:
                self.pair(prefix)

    def into_tables(self, key: Path) -> Path:
        """The key of a table header with the indices of the table lists that it passes through."""
        path: Path = ()
        for i, part in enumerate(key):
            path = (*path, part)
            if i + 1 < len(key) and path in self.tables:
                path = (*path, self.tables[path])
        return path

    def pair(self, prefix: Path) -> None:
        self.skip(_BLANK)
        start = self.at
        path = (*prefix, *self.key())
        for length in range(len(prefix) + 1, len(path) + 1):
            self.found.setdefault(path[:length], start)
            self.write(path[:length], start, last=length == len(path))
        self.skip(_BLANK)
        self.at += 1  # the equals sign
        self.value(path)

    def write(self, path: Path, start: int, *, last: bool = True) -> None:
        """Notes a key (or, where it is not the `last` part, passes through it); a second time is remembered."""
        if path in self.written or (last and path in self.tables):
            self.again = self.again or (path, self.written.get(path, self.found.get(path, start)), start)
        elif last:
            self.written[path] = start

    def key(self) -> Path:
        parts: list[str] = []
        while True:
            self.skip(_BLANK)
            match = _KEY.match(self.text, self.at)
            if match is None:
                raise LookupError(self.at)
            parts.append(next(iter(tomllib.loads(f"{match[0]} = 0"))) if match[0][0] in "\"'" else match[0])
            self.at = match.end()
            self.skip(_BLANK)
            if self.text[self.at] != ".":
                return tuple(parts)
            self.at += 1

    def value(self, path: Path) -> None:
        self.skip(_BLANK)
        opening = self.text[self.at]
        if opening in "\"'":
            self.skip(_STRING)
        elif opening in "[{":
            self.at += 1
            self.members(path, "]" if opening == "[" else "}")
        else:
            self.skip(_SCALAR)

    def members(self, path: Path, closing: str) -> None:
        index = 0
        while self.text[self.skip(_SPACE)] != closing:
            if closing == "]":
                self.found[(*path, index)] = self.at
                self.value((*path, index))
                index += 1
            else:
                self.pair(path)
            if self.text[self.skip(_SPACE)] == ",":
                self.at += 1
            elif self.text[self.at] != closing:
                raise LookupError(self.at)
        self.at += 1

    def skip(self, pattern: re.Pattern[str]) -> int:
        match = pattern.match(self.text, self.at)
        self.at = match.end() if match else self.at
        return self.at
