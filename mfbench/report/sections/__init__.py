"""The sections of a report, in a reader's order. Each takes the collected values and gives its blocks, or nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mfbench.report.blocks import Section
from mfbench.report.sections.data import data
from mfbench.report.sections.explain import explain
from mfbench.report.sections.gates import gates
from mfbench.report.sections.provenance import absent, provenance
from mfbench.report.sections.quality import curves, quality
from mfbench.report.sections.search import search
from mfbench.report.sections.weakness import weakness

_ALL: tuple[Callable[[dict[str, Any]], Section | None], ...] = (
    quality, gates, curves, weakness, explain, search, data, provenance, absent,
)  # fmt: skip


def sections(values: dict[str, Any]) -> list[Section]:
    """Those that have something to say about this run."""
    made = [make(values) for make in _ALL]
    return [section for section in made if section is not None and section.blocks]
