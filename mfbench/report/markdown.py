"""A run, or a comparison of runs, as a comment in a pull request: GitHub's Markdown, and not more of it than fits."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from mfbench.core.about import __version__
from mfbench.report import comparison, words
from mfbench.report.blocks import Cell, Name, Notes, Section, Table, Text
from mfbench.report.html import about_line
from mfbench.report.sections import sections
from mfbench.report.summary import summary

MARK = "<!-- mfbench report -->"  # how we (and a bot that renews its comment) know our own text
MOST = 60_000  # signs; GitHub takes 65,536
_ROWS = (25, 12, 6, 3)  # of a table, fewer until the whole fits
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|~$&]|^\s*[-+#=](?=\s|$)|^\s*#+|(?<=^\d)[.)](?=\s))")
_CALLS = re.compile(
    r"@(?=\w)|#(?=\d)|(?<=\w):(?=//)|(?i:\bwww)(?=\.)|:(?=[a-z+][\w+-]*:)"
)  # mention, reference, link, emoji


def render_markdown(values: dict[str, Any]) -> str:
    """One run. Names stand as code: nobody is called, nothing becomes a link."""
    run = values["run"]
    head = [f"## {text(words.name(run['name'], 120))}", text(about_line(values)), text(" ".join(summary(values)))]
    return fitting([part for part in head if part], sections(values))


def render_comparison(compared: dict[str, Any]) -> str:
    """Two runs or more."""
    return fitting([f"## {len(compared['runs'])} runs compared"], comparison.sections(compared))


def fitting(head: list[str], found: Sequence[Section]) -> str:
    """A whole comment: paragraphs of Markdown, then sections, no more of them than fits."""
    foot = f"Made by mfbench {__version__}."
    for most in _ROWS:
        whole = _joined(head, [_section(section, most) for section in found], foot)
        if len(whole) <= MOST:
            return whole
    parts = [_section(section, _ROWS[-1]) for section in found]
    left_out: list[str] = []
    while parts and len(_joined(head, parts, foot)) > MOST - 1000:
        parts.pop()
        left_out.append(found[len(parts)].title)
    return _joined(head, parts, f"Left out, because a comment holds no more: {', '.join(reversed(left_out))}. {foot}")


def _joined(head: list[str], parts: list[str], foot: str) -> str:
    return "\n\n".join([MARK, *head, *(part for part in parts if part), foot]) + "\n"


def _section(section: Section, most: int) -> str:
    parts = []
    for block in section.blocks:
        if isinstance(block, Table) and not block.page_only and block.rows:
            parts += [f"**{text(block.title)}**"] if block.title else []
            parts.append(table(block, most))
            parts += [text(block.note)] if block.note else []
        elif isinstance(block, Text):
            parts.append(text(block.text))
        elif isinstance(block, Notes):
            items = [f"- {text(item)}" for item in block.items[:most]]
            more = len(block.items) - len(items)
            parts.append("\n".join([*items, f"- and {more:,} more"] if more else items))
    return "\n\n".join([f"### {section.title}", *parts]) if parts else ""


def table(block: Table, most: int) -> str:
    """Columns that only hold pictures, and have no head, are left out."""
    shown = [i for i, head in enumerate(block.columns) if head or any(cell(row[i]) for row in block.rows)]
    lines = [_row([text(block.columns[i]) for i in shown]),
             _row(["---" if i < block.left else "---:" for i in shown])]  # fmt: skip
    lines += [_row([cell(row[i]) for i in shown]) for row in block.rows[:most]]
    more = len(block.rows) - most
    return "\n".join(lines) + (f"\n\n{more:,} more rows are not shown." if more > 0 else "")


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def cell(value: str | Cell) -> str:
    if isinstance(value, Name):
        return code(value)
    told = text(value.text if isinstance(value, Cell) else value)
    return f"**{told}**" if told and isinstance(value, Cell) and value.strong else told


def text(value: str) -> str:
    """Prose as it stands: nothing in it is markup, a mention, a link, a reference."""
    plain = _CALLS.sub(lambda match: f"{match[0]}\N{WORD JOINER}", words.block(value).replace("\n", " "))
    return _SPECIAL.sub(r"\\\1", plain)


def code(value: str) -> str:
    """A name as code, whatever it holds; a pipe would end the table's cell even there."""
    inner = words.block(value).replace("\n", " ").replace("|", "\\|")
    fence = "`" * (max((len(run) for run in re.findall("`+", inner)), default=0) + 1)
    room = " " if inner[:1] == "`" or inner[-1:] == "`" else ""
    return f"{fence}{room}{inner}{room}{fence}" if inner.strip() else ""
