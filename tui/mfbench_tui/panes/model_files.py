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
            fields = [Field("A folder that is new or empty", f"{row['name']}-{row['version']}", required=True)]

            def answered(answer: list[str] | None) -> None:
                if answer is not None:
                    folder = answer[0].strip()
                    self._export(reference, folder)

            self.app.push_screen(Ask(f"Export the bundle of {reference}", fields, "Export"), answered)

    def _export(self, reference: str, folder: str) -> None:
        def told(_: dict[str, Any]) -> None:
            self.notify(f"{safe(reference)} is in {safe(Path(folder).expanduser().absolute())}", markup=False)

        action = lambda: self.desk.bench.export_model(reference, Path(folder).expanduser())  # noqa: E731  short
        self.do(action, told, "models", "export", reference, folder)

    def action_score(self) -> None:
        if row := self.in_hand():
            reference = name_of(row)
            fields = [Field("Rows: a file, glob or folder", required=True),
                      Field("Write to: .csv, .parquet or .jsonl", "scored.parquet", required=True)]  # fmt: skip

            def answered(answer: list[str] | None) -> None:
                if answer is not None:
                    self._score(reference, answer[0].strip(), answer[1].strip())

            self.app.push_screen(Ask(f"Predict every row of a file with {reference}", fields, "Score"), answered)

    def _score(self, reference: str, source: str, out: str) -> None:
        def told(done: dict[str, Any]) -> None:
            self.notify(f"{done['rows']:,} rows scored by {safe(reference)}: {safe(out)}", markup=False)

        self.notify(f"scoring {safe(source, 200)} …", markup=False)
        action = lambda: self.desk.bench.score(reference, source, Path(out).expanduser())  # noqa: E731  short
        self.do(action, told, "score", reference, source, "-o", out)


def name_of(row: dict[str, Any]) -> str:
    return f"{row['name']}:{row['version']}"
