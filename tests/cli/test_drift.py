"""`mfbench drift`: what is printed, written, kept, refused; the look itself is tested where it is made."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from rich.cells import cell_len

import mfbench
from mfbench import cli
from mfbench.api import drifting
from mfbench.cli import drift_show
from mfbench.core.errors import UsageError
from mfbench.drift.findings import Report
from mfbench.monitoring import keeping
from mfbench.report import html, markdown
from tests.report import drift_samples as samples

IDS = ("20240201-071512123-k3f9a", "20240202-071512123-aaaaa", "20240203-071512123-bbbbb")


class Shell:
    """Commands in this process, in a workspace of their own."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.folder, self.patch = folder, patch
        self.bench = mfbench.Workbench.create(folder)

    def __call__(self, *words: str) -> tuple[int, str, str]:
        """(exit code, stdout, stderr)."""
        out, err = io.StringIO(), io.StringIO()
        with self.patch.context() as patch:
            patch.setattr(sys, "argv", ["mfbench", *words])
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            patch.setenv("COLUMNS", "80")
            patch.chdir(self.folder)
            code = cli.main()
        return code, out.getvalue(), err.getvalue()

    def json(self, *words: str) -> Any:
        code, out, err = self(*words, "--json")
        assert code in (0, 3), err
        return json.loads(out)


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    return Shell(tmp_path, monkeypatch)


@pytest.fixture
def used(shell: Shell) -> Shell:
    """A quiet report, one with an alarm, and a series of another model, in this order."""
    made = (samples.quiet(), samples.alarm(), msgspec.structs.replace(samples.series(), model="other", digest="c" * 64))
    for name, report in zip(IDS, made, strict=True):
        keeping.keep(shell.bench.workspace, msgspec.structs.replace(report, id=name))
    return shell


@pytest.fixture
def asked(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What `drift check` asks the facade for, which answers with an alarm."""
    calls: list[Any] = []

    def look(*given: Any, **options: Any) -> Report:
        options.pop("tell")
        calls.append(([item for item in given if not isinstance(item, mfbench.Workbench)], options))
        return samples.quiet() if "quiet.csv" in given else samples.alarm()

    monkeypatch.setattr(mfbench.Workbench, "drift_check", look)
    monkeypatch.setattr(drifting, "check_bundle", look)
    return calls


# -- check ---------------------------------------------------------------------------------------------------


def test_an_alarm_exits_with_3(shell: Shell, asked: list[Any]) -> None:
    code, out, err = shell("drift", "check", "flight-delay", "january.csv")
    assert code == 3
    assert out.startswith("flight-delay:3 · alarm: ")
    assert "drift show" in err
    [([model, data], options)] = asked
    assert (model, data, options["keep"], options["window"], options["level"]) == (
        "flight-delay", "january.csv", True, None, None,
    )  # fmt: skip


def test_no_alarm_exits_with_0(shell: Shell, asked: list[Any]) -> None:
    code, out, _ = shell("drift", "check", "flight-delay", "quiet.csv")
    assert code == 0
    assert "quiet: no change" in out


def test_what_is_asked_for_is_passed_on(shell: Shell, asked: list[Any]) -> None:
    words = [
        "--window",
        "1d",
        "--time",
        "t",
        "--label",
        "y",
        "--labels",
        "l.csv",
        "--separator",
        ";",
        "--level",
        "0.05",
    ]
    words += ["--min-effect", "0.2", "--false-alarms", "1/year", "--margin", "0.02", "--metric", "brier", "--exact"]
    shell("drift", "check", "m:2", "a.csv", "b.csv", *words, "--no-joint", "--seed", "7", "--no-save")
    [([model, data], options)] = asked
    assert (model, data) == ("m:2", ["a.csv", "b.csv"])
    assert options == {
        "window": "1d", "time": "t", "label": "y", "labels": "l.csv", "separator": ";", "level": 0.05,
        "min_effect": 0.2, "false_alarms": "1/year", "margin": 0.02, "metric": "brier", "exact": True, "joint": False,
        "seed": 7, "keep": False,
    }  # fmt: skip


def test_a_bundles_folder_needs_no_workspace(
    tmp_path: Path, asked: list[Any], shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell.folder = tmp_path.parent
    code, _, err = shell("drift", "check", "./bundle", "january.csv")
    assert code == 3
    assert "not kept" in err
    [([folder, _], options)] = asked
    assert folder == Path("bundle")
    assert "keep" not in options


def test_json_is_the_report(shell: Shell, asked: list[Any]) -> None:
    found = shell.json("drift", "check", "flight-delay", "january.csv")
    assert found["alarms"] == 1
    assert found["windows"][0]["tests"][0]["column"] == "dep_delay"
    assert "state" not in found
    assert shell("drift", "check", "flight-delay", "january.csv", "--json")[0] == 3


def test_a_page_beside_it(shell: Shell, asked: list[Any]) -> None:
    code, _, err = shell("drift", "check", "flight-delay", "quiet.csv", "--out", "january.html")
    assert code == 0
    assert "report: january.html" in err
    assert html.MARK in (shell.folder / "january.html").read_text(encoding="utf-8")
    (shell.folder / "mine.md").write_text("mine", encoding="utf-8")
    asked.clear()
    code, _, err = shell("drift", "check", "flight-delay", "quiet.csv", "-o", "mine.md")
    assert code == 2
    assert "no report" in err
    assert asked == []  # refused before the work
    assert shell("drift", "check", "flight-delay", "quiet.csv", "-o", "mine.md", "--force")[0] == 0
    assert (shell.folder / "mine.md").read_text(encoding="utf-8").startswith(markdown.MARK)


def test_refusals_are_one_message(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> Report:
        raise UsageError("120 rows are too few: at least 1,043 are needed", hint="wait for more rows")

    monkeypatch.setattr(mfbench.Workbench, "drift_check", refuse)
    code, out, err = shell("drift", "check", "flight-delay", "january.csv")
    assert (code, out) == (2, "")
    assert err == "not possible: 120 rows are too few: at least 1,043 are needed\n  wait for more rows\n"


@pytest.mark.parametrize("words", [("check",), ("check", "m"), ("chekc",), ("check", "m", "d", "--level", "much")])
def test_wrong_words(shell: Shell, words: tuple[str, ...]) -> None:
    assert shell("drift", *words)[0] == 2


# -- list, show, report --------------------------------------------------------------------------------------


def test_list(used: Shell) -> None:
    code, out, _ = used("drift")
    assert code == 0
    lines = [line.split("\t") for line in out.splitlines()]
    assert lines[0][:4] == ["report", "model", "windows", "alarms"]
    assert [line[0] for line in lines[1:]] == list(reversed(IDS))
    assert used("drift", "list")[1] == out
    assert [row["id"] for row in used.json("drift", "list", "--alarms")] == [IDS[2], IDS[1]]
    assert [row["id"] for row in used.json("drift", "--limit", "1")] == [IDS[2]]
    assert "--limit" in used("drift", "--limit", "1")[2]


def test_nothing_to_list(shell: Shell) -> None:
    code, out, err = shell("drift")
    assert (code, out) == (0, "")
    assert "mfbench drift check MODEL DATA" in err
    assert shell.json("drift") == []


def test_show(used: Shell) -> None:
    code, out, _ = used("drift", "show", IDS[1])
    assert code == 0
    assert out.startswith("flight-delay")
    assert out.count("Significant?") == 1
    assert used.json("drift", "show", "aaaaa")["id"] == IDS[1]
    assert used("drift", "show")[1] == used("drift", "show", "last")[1]
    assert used("drift", "show", "nothing")[0] == 2
    every = used("drift", "show", IDS[1], "--all")[1]
    assert "wind_speed" in every
    assert "wind_speed" not in out


def test_show_one_window(used: Shell) -> None:
    code, out, _ = used("drift", "show", "last", "--window", "day 6")
    assert code == 0
    assert "day 6 · changed, but by less than an alarm needs" in out
    assert used.json("drift", "show", "last", "--window", "day 6")["verdict"] == "changed"
    code, _, err = used("drift", "show", "last", "--window", "day 66")
    assert code == 2
    assert "did you mean 'day 6'" in err


def test_report(used: Shell) -> None:
    code, out, err = used("drift", "report", IDS[1])
    assert (code, out) == (0, "")
    name = f"flight-delay-{IDS[1]}.html"
    assert name in err
    assert html.MARK in (used.folder / name).read_text(encoding="utf-8")
    printed = used("drift", "report", IDS[1], "-o", "-", "--format", "markdown")[1]
    assert printed.startswith(markdown.MARK)
    assert used("drift", "report", IDS[1], "--format", "markdown")[1] == printed
    assert used("drift", "report", "-o", "-")[1].startswith("<!doctype html>")
    assert used("drift", "report", IDS[1], "-o", "x.md")[0] == 0
    assert (used.folder / "x.md").read_text(encoding="utf-8") == printed
    (used.folder / "mine.html").write_text("mine", encoding="utf-8")
    assert used("drift", "report", "-o", "mine.html")[0] == 2
    assert used("drift", "report", "-o", "mine.html", "--force")[0] == 0
    assert used("drift", "report", "-o", str(used.folder))[0] == 2


# -- the terminal --------------------------------------------------------------------------------------------


def lines(report: Report, width: int = 80, **options: Any) -> list[str]:
    return list(drift_show.lines(report, width, **options))


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("name", list(samples.ALL))
def test_lines_fit_and_cannot_steer(name: str, width: int) -> None:
    for everything in (False, True):
        found = lines(samples.ALL[name](), width, everything=everything)
        assert [line for line in found if cell_len(line.rstrip()) > width] == []
        text = "".join(found).replace("\N{NO-BREAK SPACE}", " ")
        assert text.isprintable()


def test_verdict_and_questions_come_first() -> None:
    found = lines(samples.alarm())
    assert found[0].startswith("flight-delay:3 · alarm")
    starts = [i for i, line in enumerate(found) if line.startswith(("Significant?", "How large?", "Does it matter?"))]
    assert starts == sorted(starts)
    assert len(starts) == 3
    assert starts[-1] < 8


def test_columns_with_pictures() -> None:
    found = lines(samples.alarm())
    [line] = [line for line in found if line.startswith("! dep_delay")]
    bars = line.split()[-2:]
    assert [len(side) for side in bars] == [10, 10]
    assert len(set(bars[0])) == 1  # the reference's own deciles
    assert bars[1][-1] == "█"
    assert any(line.startswith("* origin") for line in found)
    assert not any("wind_speed" in line for line in found)


def test_segments_and_notes() -> None:
    text = " ".join(" ".join(lines(samples.alarm(), 140)).split())
    assert "origin = 'EWR' and hour < 9: 4.0 % of rows (reference 4.1 %), 71 % of the shift (temp, dep_delay)" in text
    assert "not confirmed: carrier = 'UA'" in text
    assert "- 3 rows came too late" in text


def test_a_long_series_is_shortened_but_for_its_alarms() -> None:
    report = samples.ALL["year"]()
    found = [line.replace("\N{NO-BREAK SPACE}", " ") for line in lines(report)]
    assert len(found) < 60
    assert sum(line.startswith("! alarm") for line in found) == 1
    assert sum(line.startswith("~ changed") for line in found) == 3
    assert any(line.strip().startswith("… 99 quiet") for line in found)
    every = lines(report, everything=True)
    assert sum(line.startswith(("! ", "~ ", "· ", "? ")) for line in every) >= 365
    restless = samples.series(200, tuple(range(0, 200, 2)), ())
    assert sum(line.startswith("! alarm") for line in lines(restless)) == 100


def test_wide_signs_are_counted_as_the_terminal_does() -> None:
    window = samples.window(shapes=(samples.Shape("出発の遅れ", 0.6), samples.Shape("dep_delay", 0.6)))
    found = [line for line in lines(samples.report(window)) if line.startswith("! ")]
    assert len({cell_len(line) for line in found}) == 1


def test_the_detectors_bar() -> None:
    from mfbench.cli.drift_windows import _bar

    assert [len(_bar(share)) for share in (0.0, 0.5, 1.0, 7.0)] == [0, 4, 8, 8]
