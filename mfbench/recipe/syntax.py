"""What a TOML parser's complaint means for the person who wrote the file."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mfbench.recipe.positions import Path, twice

_PLACE = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)$")
_BACKSLASH = ("Unescaped '\\'", "Invalid hex value", "Escaped character")
_TWICE = ("Cannot overwrite", "Cannot declare", "Cannot mutate", "Duplicate inline")
# The parser's words, what it expected there in ours, and what to do about it.
_EXPECTED = (
    ("Invalid value", "a value", None),
    ("Expected newline", "the end of the line", None),
    ("Unclosed array", "',' or ']'", "a list is closed by ]"),
    ("Unclosed inline table", "',' or '}'", "a table in braces stands on one line and is closed by }"),
    (
        "Expected '='",
        "'=' after a key",
        'a line is [table] or key = value; a key with spaces stands in quotes: "a b"',
    ),
    ("Expected ']", "']' after a table's name", "a table's name stands in brackets: [data], [[data.checks]]"),
    ("Invalid initial character", "a key", "a table in braces stands on one line, and no comma follows its last entry"),
    ("Invalid statement", "a key or a [table]", "a line is a [table] or key = value"),
    ("Illegal character '\\n'", "a closing quote", "text of several lines stands between triple quotes"),
    ("Illegal character", "a printable character", "take the control character out"),
)
_WORDS = {"true": "true", "yes": "true", "on": "true", "false": "false", "no": "false", "off": "false"}


@dataclass(frozen=True)
class SyntaxProblem:
    """`line` and `column` count from 1."""

    message: str
    line: int
    column: int
    hint: str | None = None


def explain(complaint: str, text: str) -> SyntaxProblem:
    """The parser's `complaint` about `text`: where, what stands there, what should, how to mend it."""
    match = _PLACE.search(complaint)
    what = complaint[: match.start()] if match else complaint
    lines = text.split("\n")
    filled = max((i for i, line in enumerate(lines, 1) if line.strip()), default=1)
    end = (filled, len(lines[filled - 1].rstrip()) + 1)
    line, column = (int(match[1]), int(match[2])) if match and match[1] else end
    if what.startswith(_TWICE) and (found := twice(text)):
        path, first, again = found
        kind = "table" if lines[again[0] - 1][again[1] - 1] == "[" else "key"
        return SyntaxProblem(f"the {kind} {_shown(path)} is written twice", *again, f"first in line {first[0]}")
    if what.startswith(_BACKSLASH):
        at = text.rfind("\\", 0, sum(len(before) + 1 for before in lines[: line - 1]) + column)
        line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
        hint = "write a path with /, or put the text between single quotes: 'C:\\data'"
        return SyntaxProblem(_told(r"an escape such as \n or \\", lines[line - 1][column - 1 :]), line, column, hint)
    if what.startswith("Unterminated string"):
        at = max(text.rfind('"""'), text.rfind("'''"), 0)
        line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
        return SyntaxProblem("this is not valid TOML: the text that begins here has no closing quotes", line, column)
    rest = lines[line - 1][column - 1 :]
    for start, expected, remedy in _EXPECTED:
        if what.startswith(start):
            return SyntaxProblem(_told(expected, rest), line, column, remedy or _value_hint(lines[line - 1], column))
    return SyntaxProblem(f"this is not valid TOML: {what[:1].lower()}{what[1:]}", line, column)


def _told(expected: str, rest: str) -> str:
    rest = rest.strip()
    found = repr(rest if len(rest) <= 40 else f"{rest[:40]}…") if rest else "the end of the line"
    return f"this is not valid TOML: expected {expected}, found {found}"


def _shown(path: Path) -> str:
    return repr(".".join(str(part) for part in path if isinstance(part, str)))


def _value_hint(line: str, column: int) -> str:
    """How the value that goes wrong at `column` is to be written."""
    key, equals, whole = line.partition("=")
    if not equals or key.lstrip().startswith("["):
        return "a [table] stands alone on its line"
    whole = whole.split("#")[0].strip()
    rest = line[column - 1 :].split("#")[0].strip()
    word = (re.split(r"[,\]}]", rest)[0] if whole.startswith(("[", "{")) else whole).strip()
    if not word:
        return "the value is missing"
    if word[0] in "\u201c\u201d\u201e\u2018\u2019":
        return "use straight quotes: \" or '"
    if word[0] in "\"'":
        return "one value a line; text that holds one kind of quote stands between the other kind"
    if word.lower() in _WORDS:
        return f"write {_WORDS[word.lower()]}"
    if word.lower() in ("none", "null", "nil"):
        return "TOML has no such value: leave the line out"
    if re.fullmatch(r"[+-]?0\d+", word):
        return "a number has no leading zero"
    if re.fullmatch(r"[+-]?(\.\d+|\d+\.)", word):
        return "a number has a digit on each side of its point"
    if re.fullmatch(r"[+-]?\d+,\d+", whole):
        return f"a decimal point is expected: {whole.replace(',', '.')}"
    return f"text stands in quotes: {_quoted(word)}"


def _quoted(word: str) -> str:
    return f"'{word}'" if '"' in word else f'"{word}"'
