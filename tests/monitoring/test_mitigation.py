"""What an alarm starts: a run that goes through the gates and becomes the challenger, never the champion."""

from __future__ import annotations

import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mfbench.journal.ledger import Entry, read_ledger
from mfbench.monitoring.mitigation import mitigate
from mfbench.monitoring.settings import Mitigation
from mfbench.monitoring.state import Open
from mfbench.registry.models import Registry
from tests.monitoring.conftest import rows
from tests.monitoring.samples import alarming, report
from tests.support import Project, until

ALARM = Open(kind="drift", id="r1.drift", since="1", told=0)
WORSE = Open(kind="quality", id="r1.quality", since="1", told=0)


def entries(project: Project) -> list[Entry]:
    return [entry for entry in read_ledger(project.workspace.ledger) if entry.kind == "drift.mitigation"]


def act(project: Project, plan: Mitigation, lasting: list[Open], labels: int = 5000, **more: Any) -> tuple[Any, str]:
    told: list[str] = []
    now = more.get("now", time.time_ns() // 1000)
    made = report([alarming()], model="shop")
    run = mitigate(project.workspace, plan, made, lasting, labels, 86400, now, told.append)
    return run, " ".join(told)


def ended(project: Project, run: str) -> list[Any]:
    until(lambda: bool(project.events(run, "run.ended")))
    until(lambda: not project.workspace.is_alive(run))
    return project.events(run, "run.ended")[0]


def test_a_challenger_is_made_once_and_the_champion_stays(project: Project) -> None:
    rows(4000, 9, start="2026-03-01", shift=0.5).write_csv(project.folder / "newer.csv")
    plan = Mitigation(recipe="shop.toml", set=("data.source=newer.csv",), min_labels=1000)
    run, told = act(project, plan, [ALARM])
    assert run is not None, told
    assert act(project, plan, [ALARM])[0] is None  # once for this alarm
    later = Open(kind="drift", id="r2.drift", since="9", told=0)
    assert act(project, plan, [later])[0] is None  # and once in a day
    assert ended(project, run)[0] == "finished"
    model = Registry(project.workspace).model("shop")
    assert model.aliases == {"champion": 1, "challenger": 2}
    (entry,) = entries(project)
    assert entry.body == {"model": "shop", "report": entry.body["report"], "alarm": "r1.drift", "run": run,
                          "recipe": "shop.toml"}  # fmt: skip
    assert f"run {run} of shop.toml begun after report" in project.mfbench("models", "history", "shop").stdout


def test_no_word_of_recipe_or_configuration_makes_it_the_champion(project: Project) -> None:
    text = (
        (project.folder / "shop.toml")
        .read_text()
        .replace("[register]", "[register]\nalias = 'champion'\nmodel = 'new'")
    )
    (project.folder / "sly.toml").write_text(text)
    plan = Mitigation(recipe="sly.toml", set=("'register'.alias=champion", "model.C=0.5"), min_labels=0)
    run, told = act(project, plan, [ALARM])
    assert run is not None, told
    assert ended(project, run)[0] == "finished"
    models = Registry(project.workspace).models()
    assert list(models) == ["shop"]
    assert models["shop"].aliases == {"champion": 1, "challenger": 2}


def test_names_that_look_like_numbers_are_names(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    from mfbench.engine import launch
    from mfbench.recipe.load import load_recipe

    asked: list[Any] = []
    monkeypatch.setattr(launch, "launch", lambda request: asked.append(request) or SimpleNamespace(run="r", close=int))
    plan = Mitigation(recipe="shop.toml", alias="7", min_labels=0)
    mitigate(project.workspace, plan, report([alarming()], model="2024"), [ALARM], 1, 86400, 1, lambda _: None)
    register = load_recipe(project.folder / "shop.toml", asked[0].overrides).recipe.register
    assert register is not None
    assert (register.model, register.alias) == ("2024", "7")


def test_a_model_that_its_gates_refuse_is_no_challenger(project: Project) -> None:
    text = (project.folder / "shop.toml").read_text().replace("roc_auc >= 0.6", "roc_auc >= 0.999")
    (project.folder / "strict.toml").write_text(text)
    run, _ = act(project, Mitigation(recipe="strict.toml", set=("model.C=0.1",), min_labels=0), [ALARM])
    ended(project, run)
    assert Registry(project.workspace).model("shop").aliases == {"champion": 1}


def test_it_waits_for_labels_for_the_right_alarm_and_for_a_recipe_that_can_be_run(project: Project) -> None:
    plan = Mitigation(recipe="shop.toml", min_labels=5000)
    assert act(project, plan, [ALARM], labels=1200) == (
        None, "mitigation waits for 3,800 labelled rows (1,200 of 5,000 so far)",
    )  # fmt: skip
    assert act(project, plan, []) == (None, "")
    worse = Mitigation(recipe="shop.toml", after="worse", min_labels=0)
    assert act(project, worse, [ALARM]) == (None, "")
    run, told = act(project, Mitigation(recipe="nowhere.toml", min_labels=0), [ALARM])
    assert run is None
    assert "there is no such recipe" in told
    (project.folder / "idle.toml").write_text((project.folder / "shop.toml").read_text().split("[register]")[0])
    assert "registers nothing" in act(project, Mitigation(recipe="idle.toml", min_labels=0), [WORSE])[1]
    assert entries(project) == []


def test_a_run_that_was_started_by_a_pass_that_was_killed_is_not_started_again(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = Mitigation(recipe="shop.toml", set=("model.C=0.2",), min_labels=0)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("mfbench.monitoring.mitigation.open_ledger", killed)
        with pytest.raises(KeyboardInterrupt):
            act(project, plan, [ALARM])
    before = project.runs()
    run, _ = act(project, plan, [ALARM])
    assert run == before[-1]
    assert project.runs() == before
    ended(project, run)
    assert Path(project.workspace.root).exists()
