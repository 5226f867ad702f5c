"""`mfbench runs report` and `mfbench runs compare` on real runs, and the same from Python."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import mfbench
from mfbench.core.errors import MfbenchError, UsageError
from mfbench.report import html, markdown
from tests.support import Project


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A finished run, another with a <name> and other params, and one that a script recorded."""
    project = Project(tmp_path_factory.mktemp("reports"))
    project.json("run", "tiny.toml")
    project.json("run", "tiny.toml", "--set", "model.C=0.01", "--name", "<b>second</b>/run")
    with mfbench.start_run("script", workspace=project.folder) as run:
        for step in range(1000):
            run.log_metric("loss", 1 / (step + 1), step=step)
    return project


@pytest.fixture(scope="module")
def bench(used: Project) -> mfbench.Workbench:
    return mfbench.Workbench.open(used.folder)


def ids(used: Project) -> list[str]:
    """Of the three runs, oldest first."""
    return used.runs()


def test_a_page_is_written_beside_us(used: Project) -> None:
    first, second, _ = ids(used)
    done = used.mfbench("runs", "report", first)
    assert (done.returncode, done.stdout) == (0, "")
    page = used.folder / f"tiny-{first}.html"
    assert str(page.name) in done.stderr
    assert html.MARK in page.read_text(encoding="utf-8")
    assert used.mfbench("runs", "report", second).returncode == 0
    [named] = used.folder.glob(f"*{second}.html")
    assert "<b>second" not in named.read_text(encoding="utf-8")


def test_printed(used: Project) -> None:
    first = ids(used)[0]
    printed = used.mfbench("runs", "report", first, "--format", "markdown").stdout
    assert printed.startswith(markdown.MARK)
    assert used.mfbench("runs", "report", first, "--format", "markdown", "-o", "-").stdout == printed
    assert used.mfbench("runs", "report", first, "-o", "-").stdout.startswith("<!doctype html>")


def test_the_ending_says_the_format(used: Project, bench: mfbench.Workbench, tmp_path: Path) -> None:
    first = ids(used)[0]
    path = tmp_path / "report.md"
    assert bench.report(first, path) == path
    assert path.read_text(encoding="utf-8") == bench.report(first, format="markdown")
    assert bench.report(first, tmp_path / "page") == tmp_path / "page"
    assert html.MARK in (tmp_path / "page").read_text(encoding="utf-8")
    assert sorted(item.name for item in tmp_path.iterdir()) == ["page", "report.md"]


def test_only_reports_are_replaced(used: Project, tmp_path: Path) -> None:
    first = ids(used)[0]
    mine, report = tmp_path / "notes.md", tmp_path / "report.md"
    mine.write_text("my notes\n", encoding="utf-8")
    refused = used.mfbench("runs", "report", first, "-o", str(mine))
    assert refused.returncode == 2
    assert "no report" in refused.stderr
    assert mine.read_text(encoding="utf-8") == "my notes\n"
    for _ in range(2):
        assert used.mfbench("runs", "report", first, "-o", str(report)).returncode == 0
    assert used.mfbench("runs", "report", first, "-o", str(mine), "--force").returncode == 0
    assert mine.read_text(encoding="utf-8").startswith(markdown.MARK)
    assert used.mfbench("runs", "report", first, "-o", str(tmp_path)).returncode == 2
    assert used.mfbench("runs", "report", first, "-o", str(tmp_path / "no" / "where.md")).returncode == 1


def test_json_has_the_reports_figures(used: Project, bench: mfbench.Workbench) -> None:
    first = ids(used)[0]
    found = used.json("runs", "report", first)
    assert found["metrics"]["roc_auc"]["value"] == bench.show_run(first)["metrics"]["roc_auc"]
    assert found["profile"]["columns"][0]["kind"] == "target"
    assert {"low", "high", "baseline"} <= found["metrics"]["roc_auc"].keys()
    assert found["recipe"]["target"] == "bought"
    assert used.mfbench("runs", "report", first, "--json", "-o", "x.html").returncode == 2


def test_a_script_run(used: Project) -> None:
    script = ids(used)[2]
    found = used.json("runs", "report", script)
    assert 300 < len(found["points"]["loss"]) <= 800
    assert found["points"]["loss"][0] == [0, 1.0]
    page = used.mfbench("runs", "report", script, "-o", "-").stdout
    assert "<h4>Curve of loss</h4>" in page


def test_compare(used: Project, bench: mfbench.Workbench) -> None:
    first, second, script = ids(used)
    table = used.mfbench("runs", "compare", first, second).stdout
    assert "model.C\t–\t0.01" in table.splitlines()
    assert used.mfbench("runs", "compare", first, second, "--format", "markdown").stdout.startswith(markdown.MARK)
    found = used.json("runs", "compare", first, second, script)
    assert [run["run"] for run in found["runs"]] == [first, second, script]
    values = [item and item["value"] for item in found["metrics"]["roc_auc"]["values"]]
    assert values[2] is None
    assert found["metrics"]["roc_auc"]["differences"][1] == pytest.approx(values[1] - values[0])
    assert (
        json.loads(json.dumps(bench.compare([first, second])["params"]))
        == used.json("runs", "compare", first, second)["params"]
    )


@pytest.mark.parametrize("words", [("last",), ("last", "last"), ("nothing", "last"), ()])
def test_wrong_comparisons(used: Project, words: tuple[str, ...]) -> None:
    done = used.mfbench("runs", "compare", *words)
    assert (done.returncode, done.stdout) == (2, "")


def test_wrong_reports(used: Project, bench: mfbench.Workbench) -> None:
    assert used.mfbench("runs", "report", "nothing").returncode == 2
    nowhere = used.folder / "nowhere" / "x.html"
    with pytest.raises(MfbenchError, match="cannot be written") as caught:
        bench.report(used.runs()[0], nowhere)
    assert caught.value.where == str(nowhere)
    with pytest.raises(UsageError, match="no format"):
        bench.report("last", format="pdf")  # type: ignore[arg-type]
