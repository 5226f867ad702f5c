"""When an alarm is told of, and in what words."""

from __future__ import annotations

from mfbench.drift.findings import Window
from mfbench.monitoring.alerts import Alert, decide
from mfbench.monitoring.state import Open
from tests.monitoring.samples import DAY, NOW, alarming, changed, quality, report, window


def follow(*passes: list[Window], each: int = DAY // 24, again: list[Window] | None = None) -> list[list[Alert]]:
    """The alerts of passes one `each` after another, cool-down a day."""
    lasting: list[Open] = []
    told = []
    for number, windows in enumerate(passes):
        made = report([*windows, *(again or [])], made=NOW + number * each)
        lasting, alerts = decide(made, windows, again or [], lasting, 86400)
        told.append(alerts)
    return told


def states(told: list[list[Alert]]) -> list[list[str]]:
    return [[f"{alert.kind} {alert.state}" for alert in alerts] for alerts in told]


def test_an_alarm_is_told_of_once_and_when_it_is_over() -> None:
    told = follow([window()], [alarming()], [changed()], [alarming()], [window()], [window()], [window()], [window()])
    assert states(told) == [[], ["drift open"], [], [], [], [], ["drift closed"], []]


def test_one_that_lasts_is_told_of_again_after_the_cool_down() -> None:
    told = follow([alarming()], *[[changed()]] * 5, each=DAY // 2)
    assert states(told) == [["drift open"], [], ["drift reminder"], [], ["drift reminder"], []]


def test_a_small_change_ends_an_alarm_and_windows_that_are_too_small_say_nothing() -> None:
    small, few = changed(effect=0.02), window(verdict="too small")
    assert states(follow([alarming()], [few], [small, small], [few, few], [small])) == [
        ["drift open"], [], [], [], ["drift closed"],
    ]  # fmt: skip
    assert states(follow([changed()], [changed()])) == [[], []]  # large, and the detector did not find it new


def test_a_pass_that_brings_a_year_tells_once() -> None:
    ended = [alarming("a"), changed("b"), window("c"), window("d"), window("e"), window("f")]
    assert states(follow(ended)) == [["drift open"]]
    assert states(follow([*ended, alarming("g")])) == [["drift open"]]
    (alert,) = follow([*ended, alarming("g"), alarming("h", 0.4, "dest")])[0]
    assert (alert.window, alert.column, alert.effect) == ("h", "dest", 0.4)
    assert "since window g" in alert.text


def test_a_model_that_became_worse_is_another_alarm() -> None:
    worse, fine = window(quality=quality("worse")), window(quality=quality("equivalent", 0.9))
    assert states(follow([worse], [worse], [window()], [fine], [fine], [fine])) == [
        ["quality open"], [], [], [], [], ["quality closed"],
    ]  # fmt: skip
    assert states(follow([alarming()], again=[worse])) == [["drift open", "quality open"]]


def test_the_message_answers_the_three_questions() -> None:
    ((alert,),) = follow([alarming("2026-11-01", 0.31)])
    lines = alert.text.splitlines()
    assert lines[0] == alert.title == "tiny:1: drift alarm, carrier"
    assert lines[1].startswith("Window 2026-11-01, 1,000 rows")
    assert lines[2].startswith("Significant? yes (p = 1e-12, chance of a false find 0.01)")
    assert lines[3] == "How large? 31% of the rows would have to change (carrier); alarms begin at 10%."
    assert lines[4] == "Does it matter? not visible without labels."
    assert lines[5] == f"See: mfbench drift show {alert.report}"
    ((_, alert),) = follow([alarming(), window("2", quality=quality("worse", 0.61))])
    assert (alert.kind, alert.matters, alert.metric, alert.value) == ("quality", "worse", "roc_auc", 0.61)
    assert "Does it matter? with labels: worse" in alert.text


def test_names_from_data_cannot_steer_a_message() -> None:
    ((alert,),) = follow([alarming("w\n\x1b[31m", column="evil\r\nSubject: x\x1b[0m")])
    assert "\x1b" not in alert.text
    assert "\r" not in alert.text
    assert len(alert.text.splitlines()) == 6
