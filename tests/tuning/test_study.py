"""The study: what is tried, and what a killed worker leaves of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import optuna
import pytest

from mfbench.core.errors import DamageError
from mfbench.recipe.schema import Space, Tune
from mfbench.recipe.space import axes
from mfbench.tuning.study import FILE, Search


def search(folder: Path, choices: tuple[Any, ...], sampler: str = "grid") -> Search:
    tune = Tune(sampler=sampler, space={"model.x": Space(choices=choices)})  # type: ignore[arg-type]
    return Search(folder, "s", tune, axes(tune), [True], 0, 3)


def tried(found: Search) -> list[Any]:
    """The values that are left, each told as complete."""
    values = []
    while asked := found.ask():
        trial, point = asked
        found.study.tell(trial, 1.0)
        values.append(point["model.x"])
    return values


def test_choices_that_python_takes_for_equal_stay_apart(tmp_path: Path) -> None:
    """Of `max_features`, 1 is one feature and 1.0 all of them."""
    choices = (1, 1.0, True, "1", (1,), float("inf"))
    assert sorted(map(repr, tried(search(tmp_path, choices)))) == sorted(map(repr, choices))
    again = search(tmp_path, choices)
    kept = [again.values_of(trial.params)["model.x"] for trial in again.study.trials]
    assert sorted(map(repr, kept)) == sorted(map(repr, choices))
    assert again.ask() is None


@pytest.mark.parametrize("killed", ["before it was asked for", "before it chose a value"])
def test_a_point_of_a_grid_that_was_only_told_is_tried_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, killed: str
) -> None:
    first = search(tmp_path, (1, 2, 3))
    ask = optuna.Study.ask

    def die(*words: Any) -> Any:
        if killed == "before it chose a value":
            ask(*words)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(optuna.Study, "ask", die)
        with pytest.raises(KeyboardInterrupt):
            first.ask()
    second = search(tmp_path, (1, 2, 3))
    for trial in second.interrupted():
        second.again(trial.number)
    assert sorted(tried(second)) == [1, 2, 3]


def test_half_a_line_is_taken_off_and_damage_is_told(tmp_path: Path) -> None:
    search(tmp_path, (1, 2)).ask()
    path = tmp_path / FILE
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"op_code": 5, "wor')
    assert len(search(tmp_path, (1, 2)).study.trials) == 1
    path.write_bytes(whole.replace(b"op_code", b'op"code', 1))
    with pytest.raises(DamageError, match="study is damaged"):
        search(tmp_path, (1, 2))
