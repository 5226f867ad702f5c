"""Right recipes: defaults, short forms, `--set`, the environment, and what a run records of them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest

from mfbench.core.errors import RecipeError
from mfbench.recipe.environment import redact
from mfbench.recipe.gates import parse_gate
from mfbench.recipe.load import load_recipe
from mfbench.recipe.loaded import LoadedRecipe
from mfbench.recipe.schema import Check, Feature

Load = Callable[..., LoadedRecipe]
SHORT = '[recipe]\nname = "late"\ntask = "classification"\n\n[data]\nsource = "rows.csv"\ntarget = "late"\n'


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def load(text: str, *sets: str) -> LoadedRecipe:
        path = tmp_path / "recipe.toml"
        path.write_text(text, encoding="utf-8")
        return load_recipe(path, sets)

    return load


def test_the_shortest_recipe_has_a_practitioners_defaults(load: Load) -> None:
    recipe = load(SHORT).recipe
    assert (recipe.recipe.name, recipe.recipe.task) == ("late", "classification")
    assert (recipe.data.source, recipe.data.target, recipe.data.use) == ("rows.csv", "late", ("*",))
    assert (recipe.data.split.test, recipe.data.split.by, recipe.data.split.stratify) == (0.2, None, None)
    assert "NA" in recipe.data.csv.nulls
    assert (recipe.model.flavor, recipe.model.estimator, recipe.model.params) == ("sklearn", None, {})
    assert (recipe.run.executor, recipe.run.seed) == ("auto", 0)
    assert recipe.register is None


def test_a_recipe_cannot_be_changed(load: Load) -> None:
    recipe = load(SHORT).recipe
    with pytest.raises(AttributeError):
        recipe.run.seed = 3


def test_short_forms_are_written_out(load: Load) -> None:
    text = SHORT + (
        '[features]\nhour = "extract(hour from at)"\ncarrier = { kind = "categorical", min_frequency = 5 }\n'
        '[model]\nestimator = "LogisticRegression"\nC = inf\n[model.params]\nmax_iter = 7\n[register]\n'
    )
    loaded = load(text)
    features = {"hour": Feature(expr="extract(hour from at)"), "carrier": Feature(kind="categorical", min_frequency=5)}
    assert loaded.recipe.features == features
    assert loaded.recipe.model.params == {"C": math.inf, "max_iter": 7}
    assert loaded.recipe.register is not None
    assert loaded.recipe.register.model is None


def test_dates_are_text_and_whole_numbers_are_shares(load: Load) -> None:
    text = SHORT + '[[data.checks]]\ncolumn = "day"\nmin = 2024-01-31\nnulls = 0\n[[data.checks]]\nmin_rows = 5\n'
    first, second = load(text).recipe.data.checks
    assert first == Check(column="day", min="2024-01-31", nulls=0.0)
    assert second.min_rows == 5


@pytest.mark.parametrize(
    ("word", "key", "value"),
    [
        ("run.seed=5", "run.seed", 5),
        ("run.timeout=30m", "run.timeout", "30m"),
        ('run.timeout="30m"', "run.timeout", "30m"),
        ("data.split.test=0.3", "data.split.test", 0.3),
        ("data.split.refit=true", "data.split.refit", True),
        ('data.use=["a", "b"]', "data.use", ["a", "b"]),
        ("data.target=minutes > 15", "data.target", "minutes > 15"),
        ("data.target=a = b", "data.target", "a = b"),
        ("data.key=it's", "data.key", "it's"),
        ("model.max_iter=200", "model.max_iter", 200),
        ("model.params.max_iter=200", "model.max_iter", 200),
        ("model.C=1e-3", "model.C", 0.001),
        ("model.C=inf", "model.C", math.inf),
        ("model.penalty=l2", "model.penalty", "l2"),
        ("recipe.tags.owner=Ann", "recipe.tags.owner", "Ann"),
        ('features."a b".kind=drop', "features.a b.kind", "drop"),
        ("features.far=dist * 2", "features.far.expr", "dist * 2"),
        ("features.hour.kind=categorical", "features.hour.kind", "categorical"),
        (" run . seed = 6", "run.seed", 6),
        ("data.csv={separator = ';'}", "data.csv.separator", ";"),
        ("recipe.description=", "recipe.description", None),
        ("recipe.description=two\nlines", "recipe.description", "two\nlines"),
    ],
)
def test_set_lays_a_typed_value_over_the_file(load: Load, word: str, key: str, value: object) -> None:
    text = SHORT + '[features]\nhour = "extract(hour from at)"\n[model]\nestimator = "LogisticRegression"\nC = 9.0\n'
    params = load(text, word).params()
    assert params.get(key) == value
    assert type(params.get(key)) is type(value)


def test_set_keeps_what_it_does_not_name(load: Load) -> None:
    text = SHORT + '[features]\nhour = "extract(hour from at)"\n[model.params]\nC = 9.0\nmax_iter = 5\n'
    loaded = load(text, "features.hour.kind=categorical", "model.C=1.0", "run.seed=1", "run.seed=2")
    assert loaded.recipe.features["hour"] == Feature(expr="extract(hour from at)", kind="categorical")
    assert loaded.recipe.model.params == {"C": 1.0, "max_iter": 5}
    assert loaded.recipe.run.seed == 2


def test_the_environment_is_read_and_not_recorded(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATA_HOME", "/srv/secret-place")
    monkeypatch.setenv("OTHER", "x")
    text = SHORT.replace('"rows.csv"', '["${DATA_HOME}/a.csv", "b-${OTHER}${OTHER}.csv", "c.csv"]')
    loaded = load(text + '[model]\nestimator = "LogisticRegression"\nsolver = "${OTHER}"\n')
    assert loaded.recipe.data.source == ("/srv/secret-place/a.csv", "b-xx.csv", "c.csv")
    assert loaded.recipe.model.params == {"solver": "x"}
    assert loaded.params()["data.source"] == ["${DATA_HOME}/a.csv", "b-${OTHER}${OTHER}.csv", "c.csv"]
    assert loaded.params()["model.solver"] == "${OTHER}"
    assert "secret-place" not in json.dumps(loaded.tree)
    assert redact("no /srv/secret-place here, x", {"DATA_HOME", "OTHER"}) == "no ${DATA_HOME} here, x"


def test_only_what_is_written_as_a_variable_is_one(load: Load) -> None:
    loaded = load(SHORT.replace("rows.csv", "$HOME/rows-{HOME}-$.csv"))
    assert loaded.recipe.data.source == "$HOME/rows-{HOME}-$.csv"


def test_params_are_dotted_keys_with_the_defaults(load: Load) -> None:
    params = load(SHORT + '[recipe.tags]\nteam = "ops"\n', "model.max_iter=5").params()
    assert params["recipe.name"] == "late"
    assert params["recipe.tags.team"] == "ops"
    assert params["data.split.test"] == 0.2
    assert params["model.max_iter"] == 5
    assert "model.params" not in params
    assert "data.key" not in params


def test_a_file_from_windows_reads(tmp_path: Path) -> None:
    path = tmp_path / "windows.toml"
    path.write_bytes(b"\xef\xbb\xbf" + SHORT.replace("\n", "\r\n").encode())
    assert load_recipe(path).recipe.recipe.name == "late"


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda path: path.unlink(missing_ok=True), ["there is no such recipe", "did you mean 'right.toml'?"]),
        (lambda path: path.mkdir(), ["expected a recipe's file, found a folder"]),
        (lambda path: path.write_bytes("# gr\xfc\xdfe\n".encode("latin-1")), [":1:5", "expected UTF-8", "byte 0xfc"]),
        (lambda path: path.write_bytes(SHORT.encode("utf-16")), [":1:1", "expected UTF-8", "byte 0xff"]),
    ],
    ids=["missing", "a folder", "latin-1", "UTF-16"],
)
def test_what_is_no_recipe_file(tmp_path: Path, make: Callable[[Path], object], says: list[str]) -> None:
    (tmp_path / "right.toml").write_text(SHORT)
    make(tmp_path / "rihgt.toml")
    with pytest.raises(RecipeError) as caught:
        load_recipe(tmp_path / "rihgt.toml")
    assert str(tmp_path / "rihgt.toml") in str(caught.value.where)
    assert [part for part in says if part not in str(caught.value)] == []


@pytest.mark.parametrize(
    ("text", "metric", "op", "number", "champion"),
    [
        ("roc_auc >= 0.68", "roc_auc", ">=", 0.68, False),
        ("rmse<=1.5e3", "rmse", "<=", 1500.0, False),
        (" r2 > -0.5 ", "r2", ">", -0.5, False),
        ("mae < .5", "mae", "<", 0.5, False),
        ("roc_auc >= champion", "roc_auc", ">=", 0.0, True),
        ("roc_auc >= champion - 0.005", "roc_auc", ">=", -0.005, True),
        ("rmse <= champion+1e-2", "rmse", "<=", 0.01, True),
    ],
)
def test_gates(text: str, metric: str, op: str, number: float, champion: bool) -> None:
    gate = parse_gate(text)
    assert (gate.metric, gate.op, gate.number, gate.champion) == (metric, op, number, champion)


def test_a_gate_compares() -> None:
    gate = parse_gate("roc_auc >= champion - 0.25")
    assert gate.bound(None) is None
    assert gate.bound(0.75) == 0.5
    assert gate.passes(0.5, 0.5)
    assert not gate.passes(0.4, 0.5)
    assert not gate.passes(math.nan, 0.0)
    assert not parse_gate("f1 > 0.5").passes(0.5, 0.5)
    assert parse_gate("rmse < 1").passes(0.5, 1.0)
