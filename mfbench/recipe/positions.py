"""Where each key of a TOML text stands.

The standard parser gives no positions. This scanner reads a text that the parser has already accepted, so
it only has to find its way over it, and it runs only once an error has to be told.
"""

from __future__ import annotations

import re

Path = tuple[str | int, ...]

_SPACE = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_KEY = re.compile(r"""[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'""")
_STRING = re.compile(r'"""(?:[^\\]|\\.)*?"{3,5}|' r"'''.*?'{3,5}|" r'"(?:[^"\\\n]|\\.)*"|' r"'[^'\n]*'", re.DOTALL)
_SCALAR = re.compile(r"[^,\]\}\n#]+")
_BLANK = re.compile(r"[ \t]*")


def positions(text: str) -> dict[Path, tuple[int, int]]:
    """Path of keys and list indices to (line, column), both from 1; values stand under their key's path too."""
    scanner = _Scanner(text)
    try:
        scanner.document()
    except (IndexError, AttributeError):  # a text the parser refused: what was found so far is enough
        pass
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    result: dict[Path, tuple[int, int]] = {}
    line = 0
    for path, offset in sorted(scanner.found.items(), key=lambda item: item[1]):
        while line + 1 < len(starts) and starts[line + 1] <= offset:
            line += 1
        result[path] = (line + 1, offset - starts[line] + 1)
    return result


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.found: dict[Path, int] = {}
        self.tables: dict[Path, int] = {}

    def document(self) -> None:
        prefix: Path = ()
        while self.skip(_SPACE) < len(self.text):
            start = self.at
            if self.text[self.at] == "[":
                listed = self.text.startswith("[[", self.at)
                self.at += 2 if listed else 1
                prefix = self.into_tables(self.key())
                if listed:
                    self.tables[prefix] = self.tables.get(prefix, -1) + 1
                    prefix = (*prefix, self.tables[prefix])
                self.found.setdefault(prefix, start)
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
        self.skip(_BLANK)
        self.at += 1  # the equals sign
        self.value(path)

    def key(self) -> Path:
        parts: list[str] = []
        while True:
            self.skip(_BLANK)
            match = _KEY.match(self.text, self.at)
            assert match is not None
            parts.append(match[0].strip("\"'"))
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
        self.at += 1

    def skip(self, pattern: re.Pattern[str]) -> int:
        match = pattern.match(self.text, self.at)
        self.at = match.end() if match else self.at
        return self.at
