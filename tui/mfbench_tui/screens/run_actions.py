"""What can be done with runs, wherever they are shown: tag, note, pin, stop, resume, rerun, verify."""

from __future__ import annotations

import shlex
from typing import Any

from textual.binding import Binding

from mfbench.core.errors import UsageError
from mfbench.core.text import plural
from mfbench_tui.asking import Asking
from mfbench_tui.dialogs.ask import Ask, Field
from mfbench_tui.dialogs.choose import Choose
from mfbench_tui.dialogs.confirm import Confirm
from mfbench_tui.dialogs.query import Query
from mfbench_tui.text import safe

BINDINGS = [
    Binding("t", "tag", "Tag", show=False),
    Binding("n", "note", "Note", show=False),
    Binding("p", "pin", "Pin or unpin", show=False),
    Binding("x", "stop", "Stop", show=False),
    Binding("r", "resume", "Resume", show=False),
    Binding("R", "rerun", "Run again", show=False),
    Binding("v", "verify", "Verify", show=False),
]
WRITES = frozenset({"tag", "note", "pin", "stop", "resume", "rerun", "verify"})
PLACES = [
    ("", "the nearest to where the run was"),
    ("docker", "docker: in a container"),
    ("venv", "venv: in a fresh environment"),
    ("local", "local: with this interpreter, nothing is installed"),
]


class RunActions(Asking):
    """`chosen` are the runs that several can be done to at once, `current` the one that is looked at."""

    def chosen(self) -> list[dict[str, Any]]:
        raise NotImplementedError

    def current(self) -> dict[str, Any] | None:
        """{run, name, status, note, pinned, …} as `list_runs` tells it; None where there is none."""
        raise NotImplementedError

    def decided(self, _: object = None) -> None:
        """Something was changed: it is asked for anew."""
        raise NotImplementedError

    def began(self, run: str) -> None:
        """A run was started."""
        raise NotImplementedError

    # -- decisions -----------------------------------------------------------------------------------------------

    def action_tag(self) -> None:
        runs = self.chosen()
        if not runs:
            self._none()
            return
        hint = "KEY=VALUE, several with spaces between; -KEY takes one away."
        if len(runs) == 1 and runs[0].get("tags"):
            hint += "\nNow: " + " ".join(f"{safe(key, 40)}={safe(value, 40)}" for key, value in runs[0]["tags"].items())
        dialog = Query(f"Tags of {_named(runs)}", "", "Tag", hint, tags_of)
        self.app.push_screen(dialog, lambda text: self._tagged(runs, text))

    def _tagged(self, runs: list[dict[str, Any]], answer: list[str] | None) -> None:
        if answer is None:
            return
        tags = tags_of(answer[0])
        ids = [run["run"] for run in runs]
        words = [f"{key}={value}" for key, value in tags.items() if value is not None]
        gone = [word for key, value in tags.items() if value is None for word in ("--remove", key)]
        said = f"{_named(runs)}: " + " ".join([*words, *(f"-{key}" for key, value in tags.items() if value is None)])
        self.do(lambda: self.desk.bench.tag_runs(ids, tags), lambda _: self._decided(said),
                "runs", "tag", *ids, *words, *gone)  # fmt: skip

    def action_note(self) -> None:
        run = self.current()
        if run is None:
            self._none()
            return
        field = Field("", run.get("note") or "")
        dialog = Ask(f"A note on {_named([run])}", [field], "Keep", "Empty: no note.")
        self.app.push_screen(dialog, lambda text: self._noted(run["run"], text))

    def _noted(self, run: str, answer: list[str] | None) -> None:
        if answer is not None:
            text = answer[0].strip()
            words = ("--", run, text) if text.startswith("-") else (run, text or "--remove")
            said = "the note is kept" if text else "the note is gone"
            self.do(lambda: self.desk.bench.note_run(run, text), lambda _: self._decided(said), "runs", "note", *words)

    def action_pin(self) -> None:
        runs = self.chosen()
        if not runs:
            self._none()
            return
        pinned, ids = not all(run.get("pinned") for run in runs), [run["run"] for run in runs]
        self.do(lambda: self.desk.bench.pin_runs(ids, pinned), self.decided, "runs", "pin" if pinned else "unpin", *ids)

    # -- leading -------------------------------------------------------------------------------------------------

    def action_stop(self) -> None:
        run = self.current()
        if run is None:
            self._none()
            return
        if run["status"] != "running":
            self._told(f"{_named([run])} is over: there is nothing to stop")
            return
        told = "What is finished of it is kept: it can be resumed."
        self.app.push_screen(Confirm(f"Stop {_named([run])}?", told, "Stop"), lambda yes: self._stop(run["run"], yes))

    def _stop(self, run: str, yes: bool | None) -> None:
        if yes:
            self.do(lambda: self.desk.bench.stop(run), self._stopped, "runs", "stop", run)

    def _stopped(self, asked: bool) -> None:
        self._told("asked to stop" if asked else "the run was over already")
        self.decided()

    def action_resume(self) -> None:
        run = self.current()
        if run is None:
            self._none()
            return
        if run["status"] in ("running", "finished"):
            self._told(f"{_named([run])} is {safe(run['status'])}: there is nothing to go on with")
            return
        self.do(lambda: self.desk.bench.start_resume(run["run"]), self.began,
                "runs", "resume", run["run"], "--detach", alone=False)  # fmt: skip

    def action_rerun(self) -> None:
        run = self.current()
        if run is None:
            self._none()
            return
        hint = "What to change, as after --set: model.C=0.5, several with spaces between. Empty: nothing."
        self.app.push_screen(Query(f"Run {_named([run])} again", "", "Run", hint, words_of),
                             lambda answer: self._rerun(run["run"], answer))  # fmt: skip

    def _rerun(self, run: str, answer: list[str] | None) -> None:
        if answer is None:
            return
        changes = words_of(answer[0])
        words = [word for change in changes for word in ("--set", change)]
        self.do(lambda: self.desk.bench.start_rerun(run, overrides=changes), self.began,
                "runs", "rerun", run, *words, "--detach", alone=False)  # fmt: skip

    def action_verify(self) -> None:
        run = self.current()
        if run is None:
            self._none()
            return
        if run["status"] != "finished":
            self._told(f"{_named([run])} is {safe(run['status'])}: only a finished run can be verified")
            return
        dialog = Choose(f"Verify {_named([run])} where?", PLACES)
        self.app.push_screen(dialog, lambda where: self._verify(run["run"], where))

    def _verify(self, run: str, where: str | None) -> None:
        if where is not None:
            words = ("--executor", where) if where else ()
            self.do(lambda: self.desk.bench.start_verify(run, where or None), self.began,
                    "runs", "verify", run, *words, alone=False)  # fmt: skip

    def _decided(self, said: str) -> None:
        self._told(safe(said, 200))
        self.decided()

    def _told(self, text: str) -> None:
        self.notify(text, markup=False)

    def _none(self) -> None:
        self._told("there is no run under the cursor")


def _named(runs: list[dict[str, Any]]) -> str:
    return safe(runs[0].get("name") or runs[0]["run"], 40) if len(runs) == 1 else plural(len(runs), "run")


def words_of(text: str) -> list[str]:
    """Words as a shell splits them. Raises UsageError for an open quote."""
    try:
        return shlex.split(text)
    except ValueError as error:
        raise UsageError(f"{text!r} is not whole: {error}", hint="close the quote") from None


def tags_of(text: str) -> dict[str, str | None]:
    """'a=1 -b' as {'a': '1', 'b': None}. Raises UsageError."""
    tags: dict[str, str | None] = {}
    if not text.strip():
        raise UsageError("no tag is named", hint="write KEY=VALUE, or -KEY to take one away; esc leaves all as it is")
    for word in words_of(text):
        key, sign, value = word.partition("=")
        if not sign and word.startswith("-") and len(word) > 1:
            tags[word[1:]] = None
        elif sign and key:
            tags[key] = value
        else:
            raise UsageError(f"{word!r} is no tag", hint="write KEY=VALUE, or -KEY to take one away")
    return tags
