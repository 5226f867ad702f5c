"""Why a file could not be read, in words for the person who made it. Runs only once that has happened."""

from __future__ import annotations

import csv as csv_module
import io
import json
from pathlib import Path

from mfbench.core.text import plural
from mfbench.recipe.schema import Csv

# How files of other formats begin.
_MAGIC = {
    b"PAR1": ("a Parquet file", 'set data.format = "parquet"'),
    b"PK\x03\x04": ("a ZIP or Excel file", "unpack it, or save it as CSV"),
    b"\x1f\x8b": ("a gzip file", "unpack it first"),
    b"\xd0\xcf\x11\xe0": ("an Excel file", "save it as CSV"),
    b"\x89PNG": ("a picture", None),
    b"%PDF": ("a PDF file", None),
    b"SQLite format": ("an SQLite database", "export the table as CSV"),
    b"ARROW1": ("an Arrow file", "save it as Parquet"),
}
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_PACKED = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\x78")  # gzip, zstd, zlib: these are unpacked on the way
_NAMES = {";": '";"', "\t": '"\\t" (a tab)', "|": '"|"', ",": '","'}


def is_foreign(head: bytes, csv: Csv) -> bool:
    """Whether a file that begins so is no text, which a CSV reader might not notice."""
    return "16" not in csv.encoding and b"\x00" in head and not head.startswith(_PACKED)


def why_unreadable(file: Path, kind: str, csv: Csv, error: BaseException | None) -> tuple[str, str | None]:
    """(what is wrong with the file and where, what to do)."""
    word = {"csv": "CSV", "parquet": "Parquet", "jsonl": "JSON lines"}[kind]
    if isinstance(error, OSError) and error.strerror:
        return f"{file.name} cannot be read: {error.strerror}", None
    content = file.read_bytes()
    for magic, (what, hint) in _MAGIC.items():
        if content.startswith(magic) and not (kind == "parquet" and magic == b"PAR1"):
            return f"{file.name}: expected {word}, found {what}", hint
    told = {"csv": _csv, "parquet": _parquet, "jsonl": _jsonl}[kind](file.name, content, csv)
    if told:
        return told
    first = (str(error) or type(error).__name__).splitlines()[0]
    return f"{file.name} cannot be read as {word}: {first}", None


def likely_separator(line: str, separator: str) -> str | None:
    """The sign, as a recipe writes it, that rather seems to part the fields of `line`."""
    counts = {sign: line.count(sign) for sign in _NAMES if sign != separator}
    best = max(counts, key=lambda sign: counts[sign])
    return _NAMES[best] if counts[best] > line.count(separator) else None


def _csv(name: str, content: bytes, csv: Csv) -> tuple[str, str | None] | None:
    if content.startswith(_UTF16) and "16" not in csv.encoding:
        return f"{name}: expected {csv.encoding}, found UTF-16", 'set data.csv.encoding = "utf-16"'
    if "16" not in csv.encoding and b"\x00" in content[:4096]:
        return f"{name}: expected text, found binary data (a zero byte)", "is it a CSV file? else set data.format"
    try:
        text = content.decode(csv.encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        hint = 'save the file as UTF-8, or set data.csv.encoding = "latin-1" (or what it is written in)'
        return f"{name}:{line}: expected {csv.encoding}, found the byte 0x{content[error.start]:02x}", hint
    if not text.strip():
        return f"{name} is empty: expected a header and rows, found blank lines", None
    start = text.lstrip()
    above = text[: len(text) - len(start)].count("\n")
    other = likely_separator(start.splitlines()[0], csv.separator)
    rows = csv_module.reader(io.StringIO(start, newline=""), delimiter=csv.separator, strict=True)
    width, line = 0, above
    try:
        for row in rows:
            width = width or len(row)
            if len(row) > width:
                message = f"{name}:{rows.line_num + above}: expected {plural(width, 'field')} as in the first line"
                hint = f"a field that holds {csv.separator!r} stands in double quotes"
                return f"{message}, found {len(row)}", f"set data.csv.separator = {other}" if other else hint
            line = rows.line_num + above
    except csv_module.Error:
        return f"{name}:{line + 1}: a quote is opened here and not closed", 'a quote inside quotes is written ""'
    return None


def _parquet(name: str, content: bytes, _: Csv) -> tuple[str, str | None]:
    if not content.startswith(b"PAR1"):
        return f"{name}: expected Parquet, found something else", "is data.format right? its ending says Parquet"
    if not content.endswith(b"PAR1"):
        return f"{name} is cut off: a Parquet file ends with PAR1", "copy or write it again"
    return f"{name} is damaged: its ends are those of a Parquet file, what is between cannot be read", "write it again"


def _jsonl(name: str, content: bytes, _: Csv) -> tuple[str, str | None] | None:
    if content.lstrip().startswith(b"["):
        hint = "write each object on a line of its own, without the brackets around all of them"
        return f"{name}: expected one JSON object a line, found a JSON list", hint
    for number, line in enumerate(content.split(b"\n"), 1):
        try:
            value = json.loads(line) if line.strip() else {}
        except ValueError:
            value = None
        if not isinstance(value, dict):
            found = line[:40].decode(errors="replace")
            return f"{name}:{number}: expected one JSON object a line, found {found!r}", None
    return None if content.strip() else (f"{name} is empty: expected rows, found blank lines", None)
