"""Whole lives of runs, in any order, against the model: resumed, deleted, sealed, cut, gone and back."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from mfbench.care.deletion import delete_runs, restore_runs
from mfbench.journal.cursor import Cursor
from mfbench.journal.ledger import open_ledger
from mfbench.journal.line import encode_line
from mfbench.journal.sealed import SEALED
from mfbench.journal.sealing import seal
from mfbench.journal.segment import SegmentWriter
from mfbench.store import batch
from mfbench.store.store import Store
from mfbench.workspace.workspace import create
from tests.store.model import differences, expected, stored

KEYS = st.sampled_from(["loss", "auc"])
VALUES = st.one_of(st.sampled_from(["nan", "inf", "-inf"]), st.floats(-1e6, 1e6))
WORDS = st.one_of(st.text(max_size=4), st.integers(-5, 5), st.booleans(), st.none())
FACTOR = float(os.environ.get("MFBENCH_FAULT_ROUNDS", "1"))  # more examples than by default
PICK = st.integers(0, 99)


@dataclass
class Life:
    """One run: its leader's marker while that lives, its open writers."""

    run: str
    marker: int | None = None
    writers: list[SegmentWriter] = field(default_factory=list)
    ended: bool = False
    deleted: bool = False
    away: bool = False


class Lives(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.home = create(Path(self.folder.name))
        self.lives: list[Life] = []
        self.patch = pytest.MonkeyPatch()

    @initialize(events=st.integers(1, 40), chunk=st.integers(60, 3000), runs=st.integers(1, 5))
    def small_batches(self, events: int, chunk: int, runs: int) -> None:
        for name, value in (("EVENTS", events), ("CHUNK", chunk), ("RUNS", runs)):
            self.patch.setattr(batch, name, value)

    def teardown(self) -> None:
        try:
            self.compare()
            Store(self.home).rebuild()
            self.compare()
        finally:
            for life in self.lives:
                self._let_go(life)
            self.patch.undo()
            self.folder.cleanup()

    def compare(self) -> None:
        found, wanted = stored(self.home), expected(self.home)
        assert found == wanted, differences(found, wanted)

    # -- what a run's leader does -----------------------------------------------------------------------------------

    @rule(tags=st.dictionaries(st.sampled_from("ab"), WORDS, max_size=2))
    def begin(self, tags: dict[str, Any]) -> None:
        run, marker = self.home.new_run({})
        self.lives.append(Life(run, marker))
        self._lead(self.lives[-1], tags)

    def _lead(self, life: Life, tags: dict[str, Any]) -> None:
        life.writers = [SegmentWriter(self._events(life), "driver", run=life.run)]
        life.writers[0].write("run.started", {"name": "n", "tags": tags})
        life.ended = False

    @precondition(lambda self: self._some(alive=True))
    @rule(pick=PICK)
    def writer(self, pick: int) -> None:
        life = self._pick(pick, alive=True)
        life.writers.append(SegmentWriter(self._events(life), f"w{pick % 2}", run=life.run))

    @precondition(lambda self: self._some(alive=True))
    @rule(pick=PICK, points=st.lists(st.tuples(KEYS, st.integers(-3, 5), VALUES), max_size=9), trial=st.booleans())
    def log(self, pick: int, points: list[Any], trial: bool) -> None:
        writer = self._writer(pick)
        writer.write_many("m", [(*point, 3) if trial else point for point in points])

    @precondition(lambda self: self._some(alive=True))
    @rule(pick=PICK, key=KEYS, value=WORDS)
    def param(self, pick: int, key: str, value: Any) -> None:
        self._writer(pick).write("param", key, value)

    @precondition(lambda self: self._some(alive=True))
    @rule(pick=PICK, passed=st.booleans(), kind=st.sampled_from(["gate", "check", "step.ended", "from.the.future"]))
    def other(self, pick: int, passed: bool, kind: str) -> None:
        step = ("train", "key", "finished", passed, 0.5, {}, None)
        self._writer(pick).write(kind, *(step if kind == "step.ended" else ("auc", passed, 1, 2, None, "")))

    @precondition(lambda self: self._some(alive=True))
    @rule(pick=PICK, status=st.sampled_from(["finished", "failed"]), dies=st.booleans())
    def end(self, pick: int, status: str, dies: bool) -> None:
        life = self._pick(pick, alive=True)
        if not life.ended:
            life.writers[0].write("run.ended", status, None, None)
        life.ended = True
        if dies:
            self._let_go(life)

    @precondition(lambda self: self._some(alive=True))
    @rule(pick=PICK)
    def die(self, pick: int) -> None:
        self._let_go(self._pick(pick, alive=True))

    @precondition(lambda self: self._some(alive=False))
    @rule(pick=PICK, tags=st.dictionaries(st.sampled_from("ab"), WORDS, max_size=2))
    def resume(self, pick: int, tags: dict[str, Any]) -> None:
        life = self._pick(pick, alive=False)
        if not (self._events(life) / SEALED).exists():
            life.marker = self.home.hold_run(life.run, {})
            self._lead(life, tags)

    @precondition(lambda self: self._some(alive=False))
    @rule(pick=PICK)
    def end_by_the_doctor(self, pick: int) -> None:
        life = self._pick(pick, alive=False)
        if not life.ended:
            life.marker = self.home.hold_run(life.run, {})
            life.writers = [SegmentWriter(self._events(life), "doctor", run=life.run)]
            life.writers[0].write("run.ended", "failed", None, None)
            life.ended = True
            self._let_go(life)

    # -- what others do with it -------------------------------------------------------------------------------------

    @precondition(lambda self: self._some(alive=False))
    @rule(pick=PICK, moved=st.booleans())
    def delete(self, pick: int, moved: bool) -> None:
        life = self._pick(pick, alive=False)
        life.deleted = True
        if moved:
            delete_runs(self.home, [life.run])
            return
        with open_ledger(self.home.ledger) as ledger:  # as one that is killed before the move
            ledger.append("run.deleted", {"run": life.run})

    @rule()
    def restore(self) -> None:
        if gone := [life for life in self.lives if life.deleted]:
            restore_runs(self.home, [life.run for life in gone])
            for life in gone:
                life.deleted = False

    @precondition(lambda self: self._some(alive=False))
    @rule(pick=PICK)
    def seal(self, pick: int) -> None:
        life = self._pick(pick, alive=False)
        if life.ended:
            seal(self._events(life))

    @precondition(lambda self: self._some(alive=False))
    @rule(pick=PICK)
    def vanish(self, pick: int) -> None:
        life = self._pick(pick, alive=False)
        self.home.run_folder(life.run).rename(self.home.root / f"away-{life.run}")
        self.home.touch_runs()
        life.away = True

    @rule()
    def come_back(self) -> None:
        for life in self.lives:
            if life.away:
                (self.home.root / f"away-{life.run}").rename(self.home.run_folder(life.run))
                life.away = False
        self.home.touch_runs()

    @precondition(lambda self: self._some(alive=True))
    @rule(pick=PICK, share=st.floats(0, 1))
    def cut(self, pick: int, share: float) -> None:
        """Of a run that has not ended: of one that has, the fold looks at nothing any more, and the doctor tells."""
        life = self._pick(pick, alive=True)
        path = Path(life.writers[-1]._path)
        if not life.ended and self._unended(life):
            os.truncate(path, int(path.stat().st_size * share))

    @precondition(lambda self: self._some(alive=True))
    @rule(pick=PICK)
    def replace(self, pick: int) -> None:
        """By what another time's copy holds: the same events a microsecond later; its writer goes on elsewhere."""
        life = self._pick(pick, alive=True)
        path = Path(life.writers[-1]._path)
        if not life.ended and self._unended(life):
            later = [[seq, time + 1, *rest] for seq, time, *rest in Cursor(str(path)).read()]
            path.unlink()
            path.write_bytes(b"".join(map(encode_line, later)))
            life.writers[-1] = SegmentWriter(self._events(life), "again", run=life.run)

    # -- folds ------------------------------------------------------------------------------------------------------

    @rule()
    def fold(self) -> None:
        Store(self.home).update()

    @rule()
    def forget(self) -> None:
        self.home.database.unlink(missing_ok=True)

    @rule()
    def look(self) -> None:
        self.compare()

    # -- which run --------------------------------------------------------------------------------------------------

    def _some(self, alive: bool) -> list[Life]:
        return [one for one in self.lives if (one.marker is not None) == alive and not one.deleted and not one.away]

    def _pick(self, pick: int, alive: bool) -> Life:
        found = self._some(alive)
        return found[pick % len(found)]

    def _writer(self, pick: int) -> SegmentWriter:
        writers = self._pick(pick, alive=True).writers
        return writers[pick % len(writers)]

    def _events(self, life: Life) -> Path:
        return self.home.run_folder(life.run) / "events"

    def _unended(self, life: Life) -> bool:
        """Whether nobody has ever said that it ended: a cut could take back what began it again."""
        return not any(
            event[2] == "run.ended" for path in self._events(life).glob("*.jsonl") for event in Cursor(str(path)).read()
        )

    def _let_go(self, life: Life) -> None:
        for writer in life.writers:
            writer._let_go()
        life.writers = []
        if life.marker is not None:
            os.close(life.marker)
        life.marker = None


Lives.TestCase.settings = settings(
    max_examples=round(12 * FACTOR),
    stateful_step_count=25,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
TestLives = Lives.TestCase
