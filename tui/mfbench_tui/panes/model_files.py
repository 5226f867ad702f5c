"""What can be done with the files of a version: verified, exported, used to score rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from textual.widget import Widget

from mfbench_tui.asking import Asking
from mfbench_tui.dialogs.ask import Ask, Field
from mfbench_tui.text import safe, size


class ModelFiles(Asking, Widget):
    """Mixed into the pane, which has `current`. Nothing here changes the workspace."""

    current: Any

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._typed: dict[str, list[str]] = {}  # what was asked for last: what was refused is offered again

    def in_hand(self) -> dict[str, Any] | None:
        if self.current is None:
            self.notify("there is no model in hand: the list is empty")
        found: dict[str, Any] | None = self.current
        return found

    def action_verify(self) -> None:
        if row := self.in_hand():
            reference = name_of(row)

            def told(done: dict[str, Any]) -> None:
                self.desk.did("models", "verify", reference)
                files = f"{done['files']} files, {size(done['bytes'])}"
                self.notify(f"{safe(reference)} is what was registered: {files}", markup=False)

            self.notify(f"reading the files of {safe(reference)} …", markup=False, timeout=2)
            self.ask(lambda: self.desk.bench.verify_model(reference), told, group="verify")

    def action_export(self) -> None:
        if row := self.in_hand():
            reference = name_of(row)
            folder = self._typed.get(reference, [f"{row['name']}-{row['version']}"])[0]
            fields = [Field("A folder that is new or empty", folder, required=True)]

            def answered(answer: list[str] | None) -> None:
                if answer is not None:
                    folder = answer[0].strip()
                    self._typed[reference] = [folder]
                    self._export(reference, folder)

            self.app.push_screen(Ask(f"Export the bundle of {reference}", fields, "Export"), answered)

    def _export(self, reference: str, folder: str) -> None:
        def told(_: dict[str, Any]) -> None:
            self.notify(f"{safe(reference)} is in {safe(Path(folder).expanduser().absolute())}", markup=False)

        action = lambda: self.desk.bench.export_model(reference, Path(folder).expanduser())  # noqa: E731  short
        self.do(action, told, "models", "export", reference, folder, alone=False)

    def action_score(self) -> None:
        if row := self.in_hand():
            reference = name_of(row)
            rows, out = self._typed.get("score", ["", "scored.parquet"])
            fields = [Field("Rows: a file, glob or folder", rows, required=True),
                      Field("Write to, a new file: .csv, .parquet or .jsonl", out, required=True)]  # fmt: skip

            def answered(answer: list[str] | None) -> None:
                if answer is not None:
                    self._typed["score"] = answer
                    self._score(reference, answer[0].strip(), answer[1].strip())

            self.app.push_screen(Ask(f"Predict every row of a file with {reference}", fields, "Score"), answered)

    def _score(self, reference: str, source: str, out: str) -> None:
        def told(done: dict[str, Any]) -> None:
            self.notify(f"{done['rows']:,} rows scored by {safe(reference)}: {safe(out)}", markup=False)

        self.notify(f"scoring {safe(source, 200)} …", markup=False)
        action = lambda: self.desk.bench.score(reference, source, Path(out).expanduser())  # noqa: E731  short
        self.do(action, told, "score", reference, source, "-o", out, alone=False)


def name_of(row: dict[str, Any]) -> str:
    return f"{row['name']}:{row['version']}"
