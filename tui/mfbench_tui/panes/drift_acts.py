"""What can be done about drift: check new data, audit the alarms, write a page. Long work is left with Esc."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static
from textual.worker import get_current_worker

from mfbench.core.errors import StoppedError
from mfbench_tui.asking import Asking
from mfbench_tui.dialogs.ask import Ask, Field
from mfbench_tui.dialogs.reader import Reader
from mfbench_tui.text import safe
from mfbench_tui.widgets import drift_text

EVERY = 0.1  # seconds between two lines of progress
WORK = "work"


class Heard(Message, bubble=False):
    """How far the work is."""

    def __init__(self, told: str) -> None:
        super().__init__()
        self.told = told


class DriftActs(Asking, Widget):
    """Mixed into the pane, which has `current`, `report` and `show_made`."""

    current: Any
    report: Any
    _working = ""

    def show_made(self, report: Any, kept: bool) -> None:
        raise NotImplementedError

    # -- long work -------------------------------------------------------------------------------------------

    def _work(self, what: str, question: Callable[[Any], Any], show: Callable[[Any], object]) -> None:
        """`question` gets what hears how far it is; that raises once the work was left."""
        if self._working:
            self.notify(f"{self._working} goes on; esc leaves it", markup=False)
            return
        self._busy(what)

        def ended(value: Any) -> None:
            self._busy("")
            show(value)

        def failed(error: Exception) -> None:
            self._busy("")
            self.workbench_app.show_error(error)

        self.ask(lambda: question(self._teller(what)), ended, group=WORK, failed=failed)

    def _teller(self, what: str) -> Callable[[str, int, int], None]:
        worker, last = get_current_worker(), 0.0

        def tell(doing: str, done: int, total: int) -> None:
            nonlocal last
            if worker.is_cancelled:
                raise StoppedError("left")
            if time.monotonic() - last > EVERY:
                last = time.monotonic()
                self.post_message(Heard(f"{what}: {doing}, {done:,} of {total:,}"))

        return tell

    def on_heard(self, message: Heard) -> None:
        if self._working:
            self.query_one("#busy", Static).update(f"▶ {safe(message.told)}   esc leaves it")

    def _busy(self, what: str) -> None:
        self._working = what
        line = self.query_one("#busy", Static)
        line.display = bool(what)
        line.update(f"▶ {safe(what)} …   esc leaves it")

    def stop_work(self) -> bool:
        """Leaves what goes on; False where nothing does."""
        if not self._working:
            return False
        self.workers.cancel_group(self, WORK)
        self.notify(f"{self._working}: left", markup=False)
        self._busy("")
        return True

    # -- check -----------------------------------------------------------------------------------------------

    def action_check(self) -> None:
        told = "Compared with the rows that the model was tested on. Window: '1d', a number of rows, 'all', or as set."
        fields = [Field("Model", self._model(), required=True), Field("Data: a file, glob or folder", required=True),
                  Field("Window (optional)")]  # fmt: skip
        self.app.push_screen(Ask("Check new data", fields, "Check", told), self._check)

    def _check(self, answer: list[str] | None) -> None:
        if answer is None:
            return
        model, data, window = (text.strip() for text in answer)
        keep = not self.desk.read_only

        def question(tell: Any) -> Any:
            return self.desk.bench.drift_check(model, data, window=window or None, keep=keep, tell=tell)

        def show(report: Any) -> None:
            words = (*(("--window", window) if window else ()), *(() if keep else ("--no-save",)))
            self.desk.did("drift", "check", model, data, *words)
            self._checked(report, keep)

        self._work(f"checking {data}", question, show)

    def _checked(self, report: Any, keep: bool) -> None:
        if report.alarms:
            count = f"{report.alarms:,} of {len(report.windows):,} windows"
            self.notify(f"Alarm: {count}. On the command line that is exit code 3.", severity="warning", timeout=8)
        else:
            self.notify("No alarm (exit code 0 on the command line)." + ("" if keep else " Not kept: read-only."))
        self.show_made(report, keep)

    def _model(self) -> str:
        row = self.current
        if row is None:
            return ""
        return row["model"] if row["version"] is None else f"{row['model']}:{row['version']}"

    # -- audit -----------------------------------------------------------------------------------------------

    def action_audit(self) -> None:
        told = "The rows that the model was tested on are replayed: how often is there a false alarm, what is seen?"
        fields = [Field("Model", self._model(), required=True), Field("Windows to replay", "1000", required=True)]
        self.app.push_screen(Ask("Audit the alarms", fields, "Audit", told), self._audit)

    def _audit(self, answer: list[str] | None) -> None:
        if answer is None:
            return
        model, windows = (text.strip() for text in answer)
        if not windows.isdecimal() or not 20 <= int(windows) <= 100_000:
            self.notify("windows to replay: a number from 20 to 100000", severity="warning")
            return

        def question(tell: Any) -> str:
            found = self.desk.bench.drift_audit(model, windows=int(windows), tell=tell)
            return drift_text.audit(found.conclusion, found.notes, self.desk.bench.audit_tables(found))

        def show(text: str) -> None:
            self.desk.did("drift", "audit", model, "--windows", windows)
            self.app.push_screen(Reader(f"Audit of the alarms of {model}", text))

        self._work(f"auditing {model}", question, show)

    # -- page ------------------------------------------------------------------------------------------------

    def action_page(self) -> None:
        report = self.report.report
        if report is None:
            self.notify("there is no report in hand")
            return

        def answered(answer: list[str] | None) -> None:
            if answer is not None:
                path = answer[0].strip()
                self.do(lambda: self.desk.bench.drift_page(report, Path(path).expanduser()), self._written,
                        "drift", "report", report.id, "-o", path, alone=False)  # fmt: skip

        name = str(self.desk.bench.drift_page_name(report))
        fields = [Field("File: .html or .md", name, required=True)]
        self.app.push_screen(Ask("Write the report as a page", fields, "Write"), answered)

    def _written(self, path: Path) -> None:
        self.notify(f"written: {safe(path.absolute())}", markup=False)
