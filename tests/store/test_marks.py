"""What people said of runs, folded word by word: as plain Python has it, and as a database made anew has it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mfbench.journal.ledger import open_ledger
from mfbench.store import ledgers
from mfbench.store.store import Store
from mfbench.tracking.run import start_run
from mfbench.workspace.workspace import FOREIGN, Workspace, create

RUNS = 3  # the last one came from elsewhere
TAGS = st.dictionaries(st.sampled_from(["own", "a", "b"]), st.none() | st.sampled_from("xy"))
BODY = st.one_of(
    st.tuples(st.just("run.tagged"), TAGS.map(lambda tags: {"tags": tags})),
    st.tuples(st.just("run.noted"), st.sampled_from(["", "one", "two"]).map(lambda n: {"note": n})),
    st.tuples(st.just("run.pinned"), st.booleans().map(lambda p: {"pinned": p})),
    # what no program of ours has written
    st.tuples(st.sampled_from(["run.tagged", "run.noted", "run.pinned"]),
              st.sampled_from([{}, {"tags": ["a"]}, {"tags": {"a": 1}}, {"note": None}, {"pinned": "yes"}])),
)  # fmt: skip
WORD = st.tuples(st.booleans(), st.integers(0, RUNS), BODY)  # whose ledger, which run (one is not there)
STEP = WORD | st.sampled_from(["fold", "replace"])


@settings(max_examples=25, deadline=None)
@given(st.lists(STEP, max_size=14))
def test_the_last_word_counts_and_the_own_ledger_comes_first(steps: list[Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        workspace = create(Path(folder))
        runs = [_run(workspace, number) for number in range(RUNS)]
        (workspace.run_folder(runs[-1]) / FOREIGN).touch()
        words: list[Any] = []
        for step in steps:
            if step == "fold":
                assert _stored(workspace) == _expected(runs, words)
            elif step == "replace":  # the other ledger is gone, as when a copy without it is put here
                (workspace.ledgers / "other.jsonl").unlink(missing_ok=True)
                words = [word for word in words if word[0]]
                _stored(
                    workspace
                )  # one of the same length put there before anybody looked is not seen: sizes are compared
            else:
                own, number, (kind, body) = step
                words.append(step)
                with open_ledger(workspace.ledger if own else workspace.ledgers / "other.jsonl") as ledger:
                    ledger.append(kind, {"run": [*runs, "nobody"][number], **body})
        folded = _stored(workspace)
        assert folded == _expected(runs, words)
        Store(workspace).rebuild()
        assert _stored(workspace) == folded


def test_only_the_rows_of_marked_runs_are_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = create(tmp_path)
    runs = [_run(workspace, number) for number in range(RUNS)]
    _stored(workspace)
    made: list[str] = []
    real = ledgers.refresh
    monkeypatch.setattr(ledgers, "refresh", lambda con, named: (made.extend(named), real(con, named)))
    with open_ledger(workspace.ledger) as ledger:
        ledger.append("run.pinned", {"run": runs[1], "pinned": True})
        ledger.append("model.alias", {"model": "m", "alias": "champion", "version": 1})
    assert _stored(workspace)[runs[1]][2] is True
    assert made == [runs[1]]


def test_a_mark_that_came_before_its_run_is_on_it(tmp_path: Path) -> None:
    workspace, elsewhere = create(tmp_path / "here"), create(tmp_path / "there")
    run = _run(elsewhere, 0)
    with open_ledger(workspace.ledger) as ledger:
        ledger.append("run.noted", {"run": run, "note": "early"})
    assert _stored(workspace) == {}
    elsewhere.run_folder(run).rename(workspace.run_folder(run))
    workspace.touch_runs()
    assert _stored(workspace)[run][1] == "early"


def test_thousands_at_once(tmp_path: Path) -> None:
    workspace = create(tmp_path)
    runs = [_run(workspace, number) for number in range(150)]
    _stored(workspace)
    with open_ledger(workspace.ledger) as ledger:
        ledger.append_all([("run.tagged", {"run": run, "tags": {"own": None}}, "") for run in runs])
    assert set(map(str, _stored(workspace).values())) == {str(({}, None, False))}


def _run(workspace: Workspace, number: int) -> str:
    with start_run(f"r{number}", workspace=workspace.root, tags={"own": str(number)}) as run:
        run.log_metric("loss", 0.5)
    return run.id


def _stored(workspace: Workspace) -> dict[str, Any]:
    rows = Store(workspace).rows("SELECT run, tags, note, pinned FROM runs")
    return {row["run"]: (row["tags"], row["note"], row["pinned"]) for row in rows}


def _expected(runs: list[str], words: list[Any]) -> dict[str, Any]:
    found = {}
    for number, run in enumerate(runs):
        tags: dict[str, str | None] = {"own": str(number)}
        note, pinned = "", False
        for own in (False, True):  # this workspace's own ledger after the other
            for mine, which, (kind, body) in words:
                if which == number and mine == own and (own or number == RUNS - 1):
                    if kind == "run.tagged" and isinstance(body.get("tags"), dict):
                        tags |= {key: value for key, value in body["tags"].items() if value != 1}
                    elif kind == "run.noted":
                        note = body["note"] if isinstance(body.get("note"), str) else note
                    elif kind == "run.pinned":
                        pinned = body["pinned"] if isinstance(body.get("pinned"), bool) else pinned
        found[run] = ({key: value for key, value in tags.items() if value is not None}, note or None, pinned)
    return found
