"""Runs, and what can be done with them: those that are marked, or the one under the cursor."""

from __future__ import annotations

from typing import Any

from textual.binding import Binding

from mfbench.core.text import plural
from mfbench_tui.dialogs.confirm import Confirm
from mfbench_tui.panes.runs_view import RunsView
from mfbench_tui.screens import run_actions
from mfbench_tui.screens.run_actions import RunActions

FEWEST, MOST = 2, 8  # runs to compare


class Runs(RunsView, RunActions):
    """Marks are kept in the desk, over pages and panes."""

    WRITES = run_actions.WRITES | {"delete", "undo"}
    BINDINGS = [
        Binding("space", "mark", "Mark", key_display="space"),
        Binding("c", "compare", "Compare marked"),
        Binding("U", "unmark", "Take all marks away", show=False),
        Binding("d", "delete", "Delete", show=False),
        Binding("u", "undo", "Bring back what was deleted last", show=False),
        *run_actions.BINDINGS,
    ]

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.deleted: list[list[str]] = []

    def current(self) -> dict[str, Any] | None:
        return next((row for row in self.rows if row["run"] == self.listing.current), None)

    def chosen(self) -> list[dict[str, Any]]:
        if self.desk.marked:
            return list(self.desk.marked.values())
        row = self.current()
        return [row] if row else []

    def decided(self, _: object = None) -> None:
        self.refresh_data()

    def began(self, run: str) -> None:
        self.notify(f"started as {run}", markup=False)
        self.refresh_data()

    def action_mark(self) -> None:
        row, marked = self.current(), self.desk.marked
        if row is None:
            self._none()
            return
        if marked.pop(row["run"], None) is None:
            marked[row["run"]] = row
        self.redraw()
        if self.listing.cursor_row < len(self.rows) - 1:
            self.listing.action_cursor_down()

    def action_unmark(self) -> None:
        if not self.desk.marked:
            self._told("no run is marked")
        self.desk.marked.clear()
        self.redraw()

    def action_compare(self) -> None:
        from mfbench_tui.screens.compare import CompareScreen

        count = len(self.desk.marked)
        if not FEWEST <= count <= MOST:
            self._told(f"mark {FEWEST} to {MOST} runs with space to compare them; {count} are marked")
            return
        self.app.push_screen(CompareScreen(list(self.desk.marked)))

    def action_delete(self) -> None:
        runs = self.chosen()
        if not runs:
            self._none()
            return
        many = len(runs) > 1
        what = f"the {plural(len(runs), 'marked run')}" if many else f"run {runs[0]['name']} ({runs[0]['run']})"
        told = "u brings back what is in the trash, until it is emptied (mfbench gc)."
        self.app.push_screen(Confirm(f"Delete {what}?", told, "Delete"), lambda yes: self._delete(runs, yes))

    def _delete(self, runs: list[dict[str, Any]], yes: bool | None) -> None:
        ids = [run["run"] for run in runs]
        if yes:
            self.do(lambda: self.desk.bench.delete_runs(ids), self._gone, "runs", "delete", *ids, "--yes")

    def _gone(self, ids: list[str]) -> None:
        self.deleted.append(ids)
        for run in ids:
            self.desk.marked.pop(run, None)
        self._told(f"{plural(len(ids), 'run')} deleted; u brings back")
        self.refresh_data()

    def action_undo(self) -> None:
        if not self.deleted:
            self._told("nothing was deleted here")
            return
        ids = self.deleted.pop()  # at once: a second u is for those before

        def failed(error: Exception) -> None:
            self.deleted.append(ids)
            self.workbench_app.show_error(error)

        self.do(lambda: self.desk.bench.restore_runs(ids), self._back, "runs", "restore", *ids, failed=failed)

    def _back(self, ids: list[str]) -> None:
        self._told(f"{plural(len(ids), 'run')} brought back")
        self.refresh_data()
