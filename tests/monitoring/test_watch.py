"""Passes over what has newly arrived."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from mfbench.core.errors import NotFoundError, UsageError
from mfbench.journal.ledger import read_ledger
from mfbench.monitoring import keeping
from mfbench.monitoring.arrivals import arrivals
from mfbench.monitoring.watch import Monitor, Pass
from mfbench.registry.models import Registry
from tests.monitoring.conftest import rows
from tests.support import Project

SHIFTED = ("amount", "probability")  # the answer follows the amount
ALERT = "import sys, json; open('alerts.jsonl', 'a').write(sys.stdin.read() + chr(10))"


def configure(project: Project, text: str) -> None:
    with (project.workspace.root / "config.toml").open("a") as file:
        file.write(text)


def drop(project: Project, name: str, n: int, seed: int, **how: Any) -> Path:
    path = project.folder / "incoming" / name
    rows(n, seed, **how).drop("bought").write_parquet(path)
    return path


def go(project: Project, told: list[str] | None = None, **options: Any) -> Pass:
    data = options.pop("data", project.folder / "incoming")
    with Monitor(project.workspace, "shop", data, options, (told if told is not None else []).append) as monitor:
        return monitor.once()


def verdicts(done: Pass) -> list[str]:
    return [f"{window.name}: {window.verdict}" for window in done.windows]


def test_windows_of_rows_are_judged_when_they_are_full_across_files_and_passes(project: Project) -> None:
    assert go(project, data=drop(project, "a.parquet", 500, 2)).waiting == ["500 of 800 rows of the next window"]
    assert keeping.reports(project.workspace) == []
    drop(project, "b.parquet", 1500, 3, start="2026-02-01")
    done = go(project)
    assert verdicts(done) == ["rows 1 to 800: quiet", "rows 801 to 1,600: quiet"]
    assert done.waiting == ["400 of 800 rows of the next window"]
    assert go(project).report is None
    drop(project, "c.parquet", 400, 4, start="2026-03-01")
    third = go(project)
    assert verdicts(third) == ["rows 1,601 to 2,400: quiet"]
    assert third.waiting == ["0 of 800 rows of the next window"]
    assert go(project).windows == []
    (last, first) = keeping.reports(project.workspace, "shop")
    assert (first["rows"], last["rows"], last["source"]) == (1600, 800, "monitor")
    looks = keeping.find(project.workspace, last["id"]).state["detector"]["looks"]
    assert looks == 3  # the detector went on


def test_a_series_in_parts_is_the_series_in_one_go(project: Project, tmp_path: Path) -> None:
    other = Project.__new__(Project)
    other.folder = Path(shutil.copytree(project.folder, tmp_path / "other"))
    for number in range(4):
        drop(project, f"{number}.parquet", 900, 10 + number, shift=0.1 * number)
        drop(other, f"{number}.parquet", 900, 10 + number, shift=0.1 * number)
        go(project)
    whole = go(other)
    parts = [window for row in reversed(keeping.reports(project.workspace))
             for window in keeping.find(project.workspace, row["id"]).windows]  # fmt: skip
    assert [(w.name, w.verdict, w.look) for w in parts] == [(w.name, w.verdict, w.look) for w in whole.windows]
    assert len(parts) == 4


def test_a_shift_alarms_alerts_once_and_ends(project: Project) -> None:
    configure(project, f"[monitor]\nalerts = [{{ command = ['{os.sys.executable}', '-c', \"{ALERT}\"] }}]\n")
    drop(project, "a.parquet", 800, 2)
    assert go(project).alarms == 0
    drop(project, "b.parquet", 1600, 3, shift=1.5)
    done = go(project)
    assert done.alarms >= 1
    assert done.windows[0].verdict == "alarm"
    assert done.windows[0].column in SHIFTED
    assert done.windows[0].joint is not None
    drop(project, "c.parquet", 800, 4, shift=1.5)
    go(project)
    drop(project, "d.parquet", 2400, 5)
    go(project)
    told = [json.loads(line) for line in (project.folder / "alerts.jsonl").read_text().splitlines()]
    assert [(one["kind"], one["state"]) for one in told] == [("drift", "open"), ("drift", "closed")]
    assert told[0]["column"] in SHIFTED
    assert done.report is not None
    assert told[0]["report"] == done.report.id
    assert keeping.reports(project.workspace, alarms=True)[-1]["column"] in SHIFTED


def test_windows_of_time_wait_for_a_later_row_and_late_rows_are_left_out(project: Project) -> None:
    (week,) = ["2026-01-05"]  # a day of 1,440 rows
    drop(project, "a.parquet", 2000, 2, start=week)
    told: list[str] = []
    _young(project)
    done = go(project, told, window="1d", time="at")
    assert verdicts(done) == ["2026-01-05: quiet"]
    assert "window 2026-01-06 has 560 rows so far" in done.waiting[0]
    drop(project, "b.parquet", 1000, 3, start="2026-01-06 09:20:00")
    drop(project, "late.parquet", 30, 4, start="2026-01-05 10:00:00")
    _young(project)
    done = go(project, told, window="1d", time="at")
    assert verdicts(done) == ["2026-01-06: quiet"]
    assert done.windows[0].rows == 1440
    assert "30 rows came after their window was judged" in told[-1]
    assert done.report is not None
    assert done.report.state["late"] == 30
    _old(project)  # nothing came for a day: the clock has passed the end of what is there
    done = go(project, told, window="1d", time="at")
    assert verdicts(done) == ["2026-01-07: too small"]
    assert done.waiting == []


def _young(project: Project) -> None:
    for path in (project.folder / "incoming").iterdir():
        if path.stat().st_mtime < 1e9:
            os.utime(path)


def _old(project: Project) -> None:
    """As if the files had come a day ago, and been read so."""
    kept = keeping.find(project.workspace)
    state = kept.state
    for path in (project.folder / "incoming").iterdir():
        then = path.stat().st_mtime_ns - 86_400 * 10**9
        os.utime(path, ns=(then, then))
        name = f"incoming/{path.name}"
        if name in state["files"]:
            state["files"][name][1] = then
    import msgspec

    keeping.keep(project.workspace, msgspec.structs.replace(kept, id=f"{kept.id}-b", state=state), after=kept.id)


def test_a_file_that_changed_or_is_not_whole_is_told_and_others_are_read(project: Project) -> None:
    path = drop(project, "a.parquet", 1000, 2)
    assert len(go(project).windows) == 1
    drop(project, "a.parquet", 1200, 5)
    half = project.folder / "incoming" / "b.parquet"
    half.write_bytes(path.read_bytes()[:5000])
    told: list[str] = []
    done = go(project, told)
    assert done.windows == []
    assert done.waiting == ["incoming/b.parquet is not whole yet"]
    assert any("a.parquet has changed after it was read" in line for line in told)
    drop(project, "b.parquet", 800, 3)
    assert len(go(project, told).windows) == 1
    before = len(told)
    assert go(project, told).windows == []
    assert len(told) == before  # said, and from then on known


def test_data_that_cannot_be_read_is_an_alarm_of_its_own(project: Project) -> None:
    configure(project, f"[monitor]\nalerts = [{{ command = ['{os.sys.executable}', '-c', \"{ALERT}\"] }}]\n")
    junk = project.folder / "incoming" / "junk.parquet"
    junk.write_bytes(b"PAR1" + b"\0" * 50 + b"PAR1")
    with pytest.raises(UsageError, match="junk"):  # nothing at all can be read: the request is wrong
        go(project)
    drop(project, "a.parquet", 900, 2)
    told: list[str] = []
    assert len(go(project, told).windows) == 1
    go(project, told)
    junk.unlink()
    go(project, told)
    go(project, told)
    alerts = [json.loads(line) for line in (project.folder / "alerts.jsonl").read_text().splitlines()]
    assert [(one["kind"], one["state"]) for one in alerts] == [("unreadable", "open"), ("unreadable", "closed")]
    assert "junk.parquet" in alerts[0]["text"]


def test_what_is_no_file_is_passed_over_and_a_name_that_no_record_can_hold_is_told(project: Project) -> None:
    configure(project, f"[monitor]\nalerts = [{{ command = ['{os.sys.executable}', '-c', \"{ALERT}\"] }}]\n")
    folder = project.folder / "incoming"
    os.mkfifo(folder / "pipe.parquet")  # to open it would take for ever
    (folder / "folder.parquet").mkdir()
    (folder / "link.parquet").symlink_to("nowhere")
    other = drop(project, "other.parquet", 10, 3)
    other.rename(os.fsdecode(os.fsencode(folder) + b"/b\xff.parquet"))
    drop(project, "a.parquet", 900, 2)
    told: list[str] = []
    assert len(go(project, told).windows) == 1
    assert told[0] == "incoming/b?.parquet cannot be read: its name is not UTF-8: rename it"
    assert "b?.parquet" in json.loads((project.folder / "alerts.jsonl").read_text())["text"]


def test_labels_that_come_later_show_the_quality_of_windows_judged_before(project: Project) -> None:
    whole = rows(1600, 2)
    whole.drop("bought").write_parquet(project.folder / "incoming" / "a.parquet")
    labels = project.folder / "labels.csv"
    whole.head(10).select("id", "bought").write_csv(labels)
    first = go(project, labels=str(labels))
    assert len(first.windows) == 2
    assert all(not w.quality or w.quality.matters not in ("worse", "equivalent", "better") for w in first.windows)
    whole.select("id", "bought").head(1000).write_csv(labels)
    second = go(project, labels=str(labels))
    assert verdicts(second) == ["rows 1 to 800 (labels): quiet", "rows 801 to 1,600 (labels): quiet"]
    assert [w.quality.labels if w.quality else 0 for w in second.windows] == [800, 200]
    assert second.alarms == 0
    whole.select("id", "bought").write_csv(labels)
    third = go(project, labels=str(labels))
    assert verdicts(third) == ["rows 801 to 1,600 (labels): quiet"]  # the other was complete
    assert third.report is not None
    assert third.report.state["labels"] == 1600
    assert third.report.state["detector"]["looks"] == 2  # no window twice


def test_captured_requests_are_what_is_watched_by_default(project: Project) -> None:
    from mfbench.drift.capture import write_capture, write_labels

    version = Registry(project.workspace).find("shop")
    frame = rows(900, 2)
    folder = project.workspace.root / "capture" / "shop"
    with pytest.raises(UsageError, match="to watch"):
        go(project, data=None)
    answers = pl.DataFrame({"prediction": frame["bought"], "probability": frame["amount"] / 100})
    write_capture(folder, frame.select("amount", "shop", "age"), answers, times=frame["at"].dt.replace_time_zone("UTC"),
                  model="shop", version=1, digest=version.digest, request_ids=frame["id"].to_list())  # fmt: skip
    done = go(project, data=None)
    assert [window.rows for window in done.windows] == [800]
    write_labels(folder, frame["id"].to_list(), frame["bought"])
    (folder / "labels" / "notes.md").write_text("no labels")
    again = go(project, data=None)
    assert [w.quality.labels for w in again.windows if w.quality] == [800]


def test_another_version_begins_a_series_of_its_own(project: Project) -> None:
    drop(project, "a.parquet", 1000, 2)
    go(project)
    project.json("run", "shop.toml", "--set", "model.C=0.01", "--set", "register.alias=champion")
    drop(project, "b.parquet", 800, 3)
    told: list[str] = []
    done = go(project, told)
    assert verdicts(done) == ["rows 1 to 800: quiet"]
    assert done.report is not None
    assert done.report.version == 2
    assert done.report.state["detector"]["looks"] == 1
    assert any("begins anew" in line for line in told)


def test_another_window_goes_on_with_the_rows_that_are_left(project: Project) -> None:
    drop(project, "a.parquet", 1300, 2)
    assert verdicts(go(project)) == ["rows 1 to 800: quiet"]
    done = go(project, window="400")
    assert [window.rows for window in done.windows] == [400]
    assert done.waiting == ["100 of 400 rows of the next window"]


def test_an_alert_that_did_not_go_out_outlasts_the_series(project: Project) -> None:
    configure(project, "[monitor]\nalerts = [{ command = ['false'] }]\n")
    drop(project, "a.parquet", 800, 2, shift=1.5)
    assert go(project).alarms == 1
    drop(project, "b.parquet", 900, 3)
    done = go(project, window="900")
    assert (done.alarms, len(done.windows), done.undelivered) == (0, 1, 1)
    assert go(project, window="900").undelivered == 1


def test_one_monitor_a_model_and_a_model_that_is_none(project: Project) -> None:
    drop(project, "a.parquet", 100, 2)
    first = Monitor(project.workspace, "shop", project.folder / "incoming")
    with first, pytest.raises(UsageError, match="another monitor of shop is running"):
        go(project)
    go(project)
    with pytest.raises(NotFoundError, match="no model 'shap'"), Monitor(project.workspace, "shap"):
        pass
    assert not [entry for entry in read_ledger(project.workspace.ledger) if entry.kind.startswith("drift")]


def test_the_command_prints_windows_and_says_what_it_waits_for(project: Project) -> None:
    drop(project, "a.parquet", 900, 2)
    quiet = project.mfbench("monitor", "shop", "--data", "incoming")
    assert quiet.returncode == 0, quiet.stderr
    assert quiet.stdout.startswith("quiet      rows 1 to 800  800 rows")
    assert "100 of 800 rows of the next window" in quiet.stderr
    drop(project, "b.parquet", 700, 3, shift=2)
    alarm = project.mfbench("monitor", "shop", "--data", "incoming", "--json")
    assert alarm.returncode == 3
    assert json.loads(alarm.stdout.splitlines()[0])["verdict"] == "alarm"
    wrong = project.mfbench("monitor", "shop", "--data", "incoming", "--every", "soon")
    assert (wrong.returncode, "--every" in wrong.stderr) == (2, True)
    assert project.mfbench("monitor", "shop", "--data", "nowhere").returncode == 2


def test_a_file_without_an_end_is_waited_for_an_hour(tmp_path: Path) -> None:
    (tmp_path / "cut.parquet").write_bytes(b"PAR1" + b"x" * 100)
    assert arrivals(["."], tmp_path, {}).half == ["cut.parquet"]
    os.utime(tmp_path / "cut.parquet", (time.time() - 3700,) * 2)
    found = arrivals(["."], tmp_path, {})
    assert list(found.ready) == ["cut.parquet"]  # reading it says what is wrong, and unreadable data is told of
    assert not found.half
