"""[monitor] in config.toml over the recipe, arguments over both."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from mfbench.bundle.manifest import Manifest, Monitored
from mfbench.core.errors import UsageError, WorkspaceError
from mfbench.drift.settings import Settings
from mfbench.monitoring.settings import settings_for, watched


def manifest(**monitored: Any) -> Manifest:
    return Manifest(name="tiny", task="regression", flavor="sklearn", estimator="E", target="y", classes=(), inputs=(),
                    outputs=(), features=(), metrics={}, requirements=(), python="3", files={},
                    monitored=Monitored(**monitored))  # fmt: skip


def config(text: str) -> dict[str, Any]:
    return tomllib.loads(text)


def test_arguments_before_the_model_before_all_models_before_the_recipe() -> None:
    said = config("[monitor]\nlevel = 0.02\nmargin = 0.5\n[monitor.models.tiny]\nmargin = 0.1\nwindow = 2000")
    found = settings_for(manifest(window="1d", level=0.05, metric="mae"), said, {"min_effect": 0.2, "level": None})
    assert found == Settings(window="2000", level=0.02, margin=0.1, metric="mae", min_effect=0.2)
    assert settings_for(manifest(), {}, {}) == Settings()
    assert settings_for(manifest(window="1d"), {}, {"window": "all"}).window is None
    assert settings_for(manifest(), said, {}, model="other").margin == 0.5


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"window": "5 apples"}, "window: '5 apples' is not a duration.*5000"),
        ({"window": 20}, "window: 20 rows show nothing"),
        ({"window": "0d"}, "is no time"),
        ({"level": 0.7}, "level: expected a share between 0 and 0.5, found 0.7"),
        ({"level": float("nan")}, "level"),
        ({"min_effect": 0.0}, "min_effect"),
        ({"false_alarms": "seldom"}, "false_alarms: 'seldom' is not a rate such as '1/year'"),
        ({"margin": -1.0}, "margin"),
        ({"level": "high"}, "Expected `float`"),
        ({"false_alarms": 3}, "Expected `str | null`"),
    ],
)
def test_settings_that_cannot_be_are_told(given: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        settings_for(manifest(), {}, given)


@pytest.mark.parametrize(
    ("text", "told", "hint"),
    [
        ("monitor = 3", "must be tables", None),
        ("[monitor]\nlevell = 0.1", r"\[monitor\] has no key 'levell'", "did you mean 'level'?"),
        ("[monitor]\ndata = 'x'", r"\[monitor\] has no key 'data'", None),
        ("[monitor.models.tiny]\ndatta = 'x'", r"\[monitor.models.tiny\] has no key 'datta'", "did you mean 'data'?"),
        ("[monitor]\nlevel = 'x'", "cannot be read: Expected `float | null`, got `str`", None),
        ("[monitor]\ncool_down = 'soon'", "cool_down: 'soon' is not a duration", None),
        ("[monitor]\nalerts = [{}]", "number 1 must have one of command, webhook and email", None),
        ("[monitor]\nalerts = [{command = []}]", "number 1: the command has no word", None),
        ("[monitor]\nalerts = [{webhok = 'x'}]", "unknown field `webhok`", None),
        ("[monitor.models.tiny]\nmitigation = {recipe = 'r', alias = 'champion'}", "straight into use", None),
        (
            "[monitor.models.tiny]\nmitigation = {recipe = 'r', set = [\"register.alias='champion'\"]}",
            "set cannot",
            None,
        ),
        ("[monitor.models.tiny]\nmitigation = {recipe = 'r', after = 'lunch'}", "Invalid enum value 'lunch'", None),
    ],
)
def test_a_configuration_that_cannot_be_is_told_with_its_place(text: str, told: str, hint: str | None) -> None:
    with pytest.raises(WorkspaceError, match=told) as raised:
        watched(config(text), "tiny", "/x/config.toml")
    assert raised.value.where == "/x/config.toml"
    assert hint is None or raised.value.hint == hint


def test_what_is_said_of_one_model_stands_before_what_is_said_of_all() -> None:
    said = config(
        """
        [monitor]
        cool_down = "2d"
        alerts = [{ command = ["notify"] }, { email = { to = ["a@b"], from = "c@d", host = "h", user = "${U}" } }]
        [monitor.models.tiny]
        data = ["a", "b/*.csv"]
        mitigation = { recipe = "tiny.toml", after = "worse", min_labels = 10 }
        """
    )
    found = watched(said, "tiny")
    assert (found.cool_down, found.data, len(found.alerts)) == ("2d", ("a", "b/*.csv"), 2)
    assert found.mitigation is not None
    assert found.mitigation.alias == "challenger"
    assert watched(said, "other").data is None
    assert watched({}, "x").cool_down == "1d"
