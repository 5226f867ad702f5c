"""What can be decided about a version: aliases, approvals. What serves is only changed by who types its name."""

from __future__ import annotations

from typing import Any

from mfbench_tui.dialogs.ask import Ask, Field
from mfbench_tui.dialogs.choose import Choose
from mfbench_tui.dialogs.confirm import Confirm
from mfbench_tui.panes.model_files import ModelFiles, name_of
from mfbench_tui.text import ago, number, safe

CHAMPION = "champion"
REASON = "Why? It is kept in the ledger."


class ModelActs(ModelFiles):
    """Mixed into the pane, which has `current` and `refresh_data`."""

    def _did(self, told: str) -> None:
        self.notify(safe(told), markup=False)
        self.refresh_data()

    def refresh_data(self) -> None:
        raise NotImplementedError

    # -- aliases ---------------------------------------------------------------------------------------------

    def action_alias(self) -> None:
        if (row := self.in_hand()) is None:
            return
        fields = [Field("Alias", placeholder="champion, canary, …", required=True), Field(REASON)]

        def answered(answer: list[str] | None) -> None:
            if answer is not None:
                self._set_alias(row, answer[0].strip(), answer[1].strip())

        self.app.push_screen(Ask(f"An alias for {name_of(row)}", fields, "Set"), answered)

    def _set_alias(self, row: dict[str, Any], alias: str, reason: str) -> None:
        name, version = row["name"], row["version"]

        def act() -> None:
            words = ["models", "alias", name, alias, str(version), *(("--reason", reason) if reason else ())]
            self.do(lambda: self.desk.bench.set_alias(name, alias, version, reason), told, *words)

        def told(done: dict[str, Any]) -> None:
            before = done["previous"]
            was = f"; it was version {before}" if before not in (None, version) else ""
            self._did(f"{name}@{alias} is version {version}{was}")

        told_first = f"{name} without a version or alias will mean version {version}: whoever scores by name gets it."
        self._sure(alias == CHAMPION, name, f"Make {name_of(row)} the champion?", told_first, act)

    def action_unalias(self) -> None:
        if (row := self.in_hand()) is None:
            return
        aliases = row["aliases"]
        if not aliases:
            self.notify(f"{safe(name_of(row))} has no alias to take away", markup=False)
        elif len(aliases) == 1:
            self._ask_remove(row, aliases[0])
        else:
            options = [(alias, alias) for alias in aliases]
            self.app.push_screen(Choose("Take which alias away?", options), lambda one: self._ask_remove(row, one))

    def _ask_remove(self, row: dict[str, Any], alias: str | None) -> None:
        if alias is None:
            return
        name = row["name"]

        def answered(answer: list[str] | None) -> None:
            if answer is None:
                return
            reason = answer[0].strip()
            words = ["models", "alias", name, alias, "--remove", *(("--reason", reason) if reason else ())]
            told = f"{name} has no {alias} any more"

            def act() -> None:
                self.do(lambda: self.desk.bench.remove_alias(name, alias, reason), lambda _: self._did(told), *words)

            self._sure(alias == CHAMPION, name, f"Leave {name} without a champion?",
                       f"{name} alone will then mean no version, unless it has only one.", act)  # fmt: skip

        self.app.push_screen(Ask(f"Take {alias} away from {name_of(row)}", [Field(REASON)], "Take away"), answered)

    def _sure(self, asked: bool, name: str, question: str, told: str, act: Any) -> None:
        """Production wants the model's name typed."""
        if not asked:
            act()
            return
        self.app.push_screen(Confirm(question, told, "Do it", typed=name), lambda yes: act() if yes else None)

    # -- approvals -------------------------------------------------------------------------------------------

    def action_approve(self) -> None:
        self.ask(self.desk.bench.refused_runs, self._choose_refused, group="refused")

    def _choose_refused(self, found: list[dict[str, Any]]) -> None:
        if not found:
            self.notify("no run waits for an approval: none that its gates refused is unregistered")
            return
        by_run = {row["run"]: row for row in found}
        now = self.desk.now()
        options = [(row["run"], f"{row['model']}   {row['run']}   {ago(row['time'], now)} ago   {_gates(row)}")
                   for row in found[:100]]  # fmt: skip

        def chosen(run: str | None) -> None:
            if run is not None:
                self._ask_approval(by_run[run])

        self.app.push_screen(Choose("Approve which refused run?", options), chosen)

    def _ask_approval(self, row: dict[str, Any]) -> None:
        over = "\n".join(f"✗ {safe(gate['name'], 100)}: observed {number(gate['observed'])}" for gate in row["gates"])
        fields = [Field(REASON, required=True), Field("Alias (optional)", placeholder="champion, canary, …")]

        def answered(answer: list[str] | None) -> None:
            if answer is not None:
                self._approve(row, answer[0].strip(), answer[1].strip() or None, over)

        self.app.push_screen(Ask(f"Register the model of {row['run']} all the same", fields, "Approve", over), answered)

    def _approve(self, row: dict[str, Any], reason: str, alias: str | None, over: str) -> None:
        run, name = row["run"], row["model"]
        words = ["models", "approve", run, "--reason", reason, *(("--alias", alias) if alias else ())]

        def told(done: dict[str, Any]) -> None:
            self._did(f"{name_of(done)} is registered over {_gates(row)}")

        def act() -> None:
            self.do(lambda: self.desk.bench.approve(run, reason, alias), told, *words)

        serves = row["first"] or alias == CHAMPION
        also = "\n\nIt becomes the champion." if serves else ""
        question = f"Register {name} over its gates?"
        typed = name if serves else None
        self.app.push_screen(Confirm(question, over + also, "Approve", typed), lambda yes: act() if yes else None)


def _gates(row: dict[str, Any]) -> str:
    return "; ".join(safe(gate["name"], 60) for gate in row["gates"])
