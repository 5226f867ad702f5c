"""The comment: well-formed tables, nothing that calls people or becomes markup, and never too long."""

from __future__ import annotations

import re
from typing import Any

import pytest

from mfbench.report.comparison import compare
from mfbench.report.markdown import MARK, MOST, code, render_comparison, render_markdown, text
from mfbench.report.values import collect
from tests.report import samples

NASTY = "a|b`c``d\n| --- |\n@team #12 <b>**x**</b> [l](http://x.y) $m$ :bug: ~~s~~"


def tables(found: str) -> list[list[list[str]]]:
    """The cells of every table, split at pipes that are not escaped."""
    blocks = re.findall(r"(?:^\|.*\|$\n?)+", found, re.MULTILINE)
    return [[re.split(r"(?<!\\)\|", line)[1:-1] for line in block.strip().splitlines()] for block in blocks]


def check(found: str) -> list[list[list[str]]]:
    assert found.startswith(MARK)
    assert len(found) <= MOST
    made = tables(found)
    for table in made:
        assert len({len(row) for row in table}) == 1, table
        assert all(re.fullmatch(r" -+:? ", cell) for cell in table[1])
    return made


def report(files: samples.Files, **changes: Any) -> str:
    return render_markdown(collect(samples.run_facts(**changes), samples.reader(files)))


def test_one_run() -> None:
    found = report(samples.binary())
    made = check(found)
    assert [cell.strip() for cell in made[0][2]] == [
        "`roc_auc`", "higher", "**0.7173**", "0.705 to 0.729", "0.5000", "0.7139",
    ]  # fmt: skip
    assert "`origin = EWR and hour < 9`" in found
    assert "<svg" not in found
    assert report(samples.binary()) == found


@pytest.mark.parametrize("make", [samples.classes, samples.forecast, dict])
def test_other_runs(make: Any) -> None:
    check(report(make()))


def test_nasty_names() -> None:
    found = samples.evaluation()
    found["metrics"][NASTY] = found["metrics"]["f1"]
    found["slices"] = {NASTY: [{"value": NASTY, "rows": 2, "metrics": {NASTY: samples.estimate(0.1, 0.01)}}]}
    found["notes"] = [NASTY, "- item", "# head", "1. one"]
    shown = report(samples.packed({"evaluate/evaluation.json": found}), name=NASTY)
    check(shown)
    outside = re.sub(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)", "", shown)  # what stands in code is shown as it is
    assert "@team" not in outside
    assert "#12" not in outside
    assert "http://" not in outside
    assert not re.search(r"(?<!\\)<b>|(?<!\\)\*\*x|(?<!\\)\[l|(?<!\\)\$m|:bug:|(?<!\\)~~", outside)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("plain", "`plain`"), ("a`b", "``a`b``"), ("`", "`` ` ``"), ("a``b`", "``` a``b` ```"), ("a|b", "`a\\|b`"),
        ("a\nb", "`a b`"), ("", ""),
    ],
)  # fmt: skip
def test_code(name: str, told: str) -> None:
    assert code(name) == told


def test_prose_stays_readable() -> None:
    assert text("It scores 0.5. Then 12:30:00 - and (so) on!") == "It scores 0.5. Then 12:30:00 - and (so) on!"
    assert text("- a") == "\\- a"
    assert text("# a") == "\\# a"
    assert text("1. a") == "1\\. a"


def test_what_does_not_fit_is_left_out_and_named() -> None:
    found = samples.evaluation()
    wide = {f"metric {i} {'m' * 40}": samples.estimate(0.5, 0.1) for i in range(20)}
    found["slices"] = {f"column {i}": [{"value": f"{j} {'v' * 80}", "rows": 9, "metrics": wide} for j in range(20)]
                       for i in range(30)}  # fmt: skip
    shown = report(samples.packed({"evaluate/evaluation.json": found}))
    check(shown)
    assert "Left out, because a comment holds no more: Where it is weak" in shown


def two(**changes: Any) -> list[dict[str, Any]]:
    """A run, and another with other params, data and metrics."""
    other = samples.evaluation()
    other["metrics"]["roc_auc"] |= {"value": 0.61, "low": 0.6, "high": 0.62}
    other["metrics"]["log_loss"] |= {"value": 0.4401, "low": 0.42, "high": 0.46}
    params = samples.run_facts()["params"] | {
        "model.learning_rate": "0.2",
        "git.commit": "f" * 40,
        "git.dirty": "false",
    }
    run = samples.run_facts(run="20260305-b", name="other", params=params, **changes)
    files = samples.binary() | samples.packed({"evaluate/evaluation.json": other})
    return [collect(samples.run_facts(), samples.reader(samples.binary())), collect(run, samples.reader(files))]


def test_compared_values() -> None:
    found = compare(two())
    auc, loss = found["metrics"]["roc_auc"], found["metrics"]["log_loss"]
    assert auc["differences"] == [None, pytest.approx(0.61 - 0.7173)]
    assert (auc["better"], auc["apart"], auc["best"]) == ([None, False], [None, True], 0)
    assert (loss["better"], loss["apart"], loss["best"]) == ([None, True], [None, False], 1)
    assert found["params"] == {"model.learning_rate": ["0.06", "0.2"]}
    assert found["code"] == {"commit": ["6f0c5a8b" * 5, "f" * 40], "dirty": [True, False]}
    assert found["data"]["test"] == [26339, 26339]
    assert not any("other rows" in note for note in found["notes"])


def test_a_comparison() -> None:
    shown = render_comparison(compare(two()))
    check(shown)
    assert "0.6100 (0.600 to 0.620), −0.11 clearly worse" in shown
    assert "**0.4401 (0.420 to 0.460), −0.016 better**" in shown
    assert "| `model.learning_rate` | `0.06` | `0.2` |" in shown


def test_other_test_rows_are_said() -> None:
    artifacts = [
        {"path": "ingest/data.parquet", "digest": "11" * 32},
        {"path": "split/split.parquet", "digest": "22" * 32},
    ]
    shown = render_comparison(compare(two(artifacts=artifacts)))
    assert "B was tested on other rows than A" in shown


def test_runs_with_nothing_in_common() -> None:
    empty = collect({"run": "r", "name": None, "status": "running"}, samples.reader({}))
    for runs in ([empty, *two()], [empty, empty], [*two(), empty, empty]):
        check(render_comparison(compare(runs)))
    assert compare([empty, *two()])["metrics"]["roc_auc"]["better"] == [None, None, None]


def test_of_a_metric_that_should_be_what_was_promised_neither_is_better() -> None:
    runs = two()
    for run, value in zip(runs, (0.9, 0.98), strict=True):
        run["metrics"]["coverage"] = {"value": value, "low": value - 0.01, "high": value + 0.01, "greater": None}
    found = compare(runs)["metrics"]["coverage"]
    assert (found["better"], found["best"], found["apart"]) == ([None, None], None, [None, True])
    shown = render_comparison(compare(runs))
    check(shown)
    assert "| `coverage` | neither | 0.9000" in shown.replace("coverage |", "coverage |")
