"""A drift report as one page, and as a comment: the same sections for both, see `mfbench.report.blocks`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from mfbench.core.text import plural
from mfbench.report import html, markdown, words
from mfbench.report.blocks import Section
from mfbench.report.drift import wording
from mfbench.report.drift.about import provenance, reading
from mfbench.report.drift.columns import columns
from mfbench.report.drift.quality import quality
from mfbench.report.drift.segments import segments
from mfbench.report.drift.series import series
from mfbench.report.drift.summary import summary
from mfbench.report.drift.tested import alarms, tests

if TYPE_CHECKING:
    from mfbench.drift.findings import Report

_ALL: tuple[Callable[[Report], Section | None], ...] = (
    series, columns, segments, quality, alarms, tests, reading, provenance,
)  # fmt: skip


def sections(report: Report) -> list[Section]:
    """Those that have something to say, in a reader's order."""
    made = [make(report) for make in _ALL]
    return [section for section in made if section is not None and section.blocks]


def render_html(report: Report) -> str:
    """The page. The same report gives the same text."""
    told = summary(report)
    return html.page(
        title=f"Drift of {wording.model(report)}",
        about=about_line(report),
        summary=sentence(told.verdict),
        answers=[(question, sentence(answer)) for question, answer in told.answers()],
        sections=sections(report),
        made_from="a drift report",
    )


def render_markdown(report: Report) -> str:
    """The comment, no longer than one may be."""
    told = summary(report)
    head = [f"## {markdown.text(f'Drift of {wording.model(report)}')}", markdown.text(about_line(report)),
            f"**{markdown.text(sentence(told.verdict))}**"]  # fmt: skip
    head.append("\n".join(f"- **{question}** {markdown.text(sentence(answer))}" for question, answer in told.answers()))
    return markdown.fitting(head, sections(report))


def about_line(report: Report) -> str:
    """The line under the title."""
    files = f" in {plural(report.files, 'file')}" if report.files > 1 else ""
    made = wording.minute(report.made)
    parts = [words.name(report.data, 120), f"{plural(report.rows, 'row')}{files}", f"looked at {made}" if made else ""]
    return " · ".join(part for part in parts if part)


def sentence(text: str) -> str:
    """With a capital and a full stop."""
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(('.', '…')) else '.'}"
