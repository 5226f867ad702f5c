"""The files of a run; those that are text and not too long are read here."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from mfbench_tui.dialogs.reader import Reader
from mfbench_tui.screens.run_tables import OfRun, Table, lines_of
from mfbench_tui.text import safe, size, styled
from mfbench_tui.widgets.listing import Column, Row

SHOWN = 300_000  # bytes


class Artifacts(OfRun):
    """Enter shows a file that is text and not too long."""

    NOUN, TITLE, EMPTY = "file", "Artifacts", "This run has no files yet."

    def load(self) -> Any:
        return self.desk.bench.show_run(self.run)["artifacts"]

    def table(self, answer: list[dict[str, Any]]) -> Table:
        columns = [Column("path", "path"), Column("bytes", "size", True), Column("digest", "digest")]
        rows = [Row(item["path"], [safe(item["path"], 80), size(item["bytes"]), styled(item["digest"][:12], "dim")])
                for item in answer]  # fmt: skip
        return columns, rows

    def open_row(self, key: str) -> None:
        bench = self.desk.bench
        question = partial(bench.artifact, self.run, key, SHOWN)
        self.ask(lambda: readable(question()), lambda text: self._read(key, text), group="file")

    def _read(self, path: str, text: str | None) -> None:
        if text is None:
            self.notify(f"{safe(path, 80)} is no text", markup=False)
        else:
            self.app.push_screen(Reader(safe(path, 100), text))


def readable(content: bytes) -> str | None:
    """The text of a file, JSON with line breaks; None for what is no text."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return None
    if "\0" in text:
        return None
    try:
        text = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        pass
    return lines_of(text)
