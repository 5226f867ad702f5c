"""The language of gates, and what is refused before there is any data."""

from __future__ import annotations

from pathlib import Path

import pytest

from mfbench.core.errors import RecipeError
from mfbench.engine.plan import check_names
from mfbench.recipe.gates import parse_gate
from mfbench.recipe.load import load_recipe


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("roc_auc >= 0.68", ("roc_auc", ">=", 0.68, False, None, False)),
        ("  f1>.5 ", ("f1", ">", 0.5, False, None, False)),
        ("mae <= -1.5e-3", ("mae", "<=", -0.0015, False, None, False)),
        ("roc_auc >= champion", ("roc_auc", ">=", 0.0, True, None, False)),
        ("log_loss <= champion + .01", ("log_loss", "<=", 0.01, True, None, False)),
        ("roc_auc >= champion - 0.02 by carrier", ("roc_auc", ">=", -0.02, True, "carrier", False)),
        ("accuracy >= 0.6 by origin", ("accuracy", ">=", 0.6, False, "origin", False)),
        ('accuracy >= 0.6 by "Where from?"', ("accuracy", ">=", 0.6, False, "Where from?", False)),
        ("recall gap by sex <= 0.1", ("recall", "<=", 0.1, False, "sex", True)),
        ('recall gap by "a >= b" < 0.1', ("recall", "<", 0.1, False, "a >= b", True)),
        ("accuracy >= 0.6 by größe", ("accuracy", ">=", 0.6, False, "größe", False)),
        ("latency_ms <= 5", ("latency_ms", "<=", 5.0, False, None, False)),
    ],
)
def test_every_form(text: str, parts: tuple[object, ...]) -> None:
    gate = parse_gate(text)
    assert (gate.metric, gate.op, gate.number, gate.champion, gate.by, gate.gap) == parts
    assert gate.text == text


@pytest.mark.parametrize(
    "text",
    ["", "good f1", "f1 >=", "f1 == 1", "0.5 <= f1", "f1 >= champion -", "f1 >= champion * 0.9", "f1 >= 0.5 by",
     "f1 >= 0.5 by a b", "f1 >= 0.5 by a >= 1", "f1 gap <= 0.1", "f1 gap by a", "f1 >= 0.5; f1 >= 0.6", "f1 >= 0.5\x00",
     'f1 >= 0.5 by ""', "f1 >= 1 by a by b", "f1 >= nan", "f1 >= champion:2"],
)  # fmt: skip
def test_what_is_no_gate_is_told_with_the_forms(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no gate; write 'roc_auc >= 0\.68'"):
        parse_gate(text)


@pytest.mark.parametrize(
    "text", ["recall gap by sex >= 0.1", "recall gap by sex <= champion + 0.1", "recall gap by sex <= 0.1 by city"]
)
def test_a_gap_has_an_upper_bound(text: str) -> None:
    with pytest.raises(ValueError, match=r"a gap has an upper bound, as in 'recall gap by sex <= 0\.1'"):
        parse_gate(text)


def test_the_margin_is_what_may_be_lost() -> None:
    assert parse_gate("roc_auc >= champion - 0.01").margin == pytest.approx(0.01)
    assert parse_gate("roc_auc >= champion + 0.01").margin == pytest.approx(-0.01)
    assert parse_gate("mae <= champion + 2").margin == 2
    assert parse_gate("mae <= champion - 2").margin == -2


RECIPE = """\
[recipe]
name = "x"
task = "classification"
[data]
source = "x.csv"
target = "y"
[evaluate]
metrics = ["f1", "roc_auc"]
[register]
"""


def checked(folder: Path, line: str) -> None:
    (folder / "x.toml").write_text(RECIPE + line + "\n", encoding="utf-8")
    check_names(load_recipe(folder / "x.toml"))


@pytest.mark.parametrize(
    ("line", "told", "hint"),
    [
        ("confidence = 0.4", "confidence: expected a share from 0.5 to 0.999, found 0.4", "0.95"),
        ("confidence = 95", "found 95", ""),
        ("confidence = 1.0", "found 1", ""),
        ("min_rows = 9", "min_rows: expected at least 10, found 9", ""),
        ('gates = ["f1 > 0", "f1 > 0"]', "the gate 'f1 > 0' stands here twice", ""),
        ('gates = ["log_loss < 1"]', "the gate's metric 'log_loss' is not evaluated", "name it in evaluate.metrics"),
        ('gates = ["latency < 1"]', "the gate's metric 'latency' is not evaluated", "did you mean 'latency_ms'?"),
        ('gates = ["latency_ms < 1 by city"]', "latency_ms is the whole model's", "take the `by` out"),
        ('gates = ["size_mb gap by city < 1"]', "size_mb is the whole model's", ""),
        ('gates = ["roc_auc <= champion - 0.01"]', "asks to be no better than the champion: more roc_auc is better",
         "'roc_auc >= champion - 0.01'"),
        ('gates = ["latency_ms >= champion"]', "less latency_ms is better", "'latency_ms <= champion + 0'"),
    ],
)  # fmt: skip
def test_what_is_refused_without_data(tmp_path: Path, line: str, told: str, hint: str) -> None:
    with pytest.raises(RecipeError) as caught:
        checked(tmp_path, line)
    assert told in caught.value.message
    assert hint in (caught.value.hint or "")
    assert str(caught.value.where).startswith(f"{tmp_path / 'x.toml'}:10:")


@pytest.mark.parametrize(
    "line",
    ["confidence = 0.5", "confidence = 0.999", "min_rows = 10", 'gates = ["latency_ms <= 5", "size_mb <= champion"]',
     'gates = ["f1 <= 0.99"]', 'gates = ["f1 >= champion - 0.1 by anything", "f1 gap by anything < 1"]', "gates = []"],
)  # fmt: skip
def test_what_is_not(tmp_path: Path, line: str) -> None:
    checked(tmp_path, line)


def test_a_coverage_is_neither_better_for_being_more_nor_less(tmp_path: Path) -> None:
    text = RECIPE.replace("classification", "forecasting").replace('"f1", "roc_auc"', '"mae", "coverage"')
    text = text.replace("[evaluate]", 'split = { by = "day" }\n[forecast]\n[evaluate]')
    path = tmp_path / "x.toml"
    for gates in ('"coverage >= champion - 0.02"', '"coverage <= champion + 0.02", "coverage >= 0.85"'):
        path.write_text(f"{text}gates = [{gates}]\n", encoding="utf-8")
        check_names(load_recipe(path))
    path.write_text(text + '[tune]\nmetric = "coverage"\n[tune.space]\n"model.alpha" = "0.1..1.0"\n', encoding="utf-8")
    with pytest.raises(RecipeError) as caught:
        check_names(load_recipe(path))
    assert "a search needs something to make better" in caught.value.message
