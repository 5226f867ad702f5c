"""What goes on when the screen is left, and when the disk fills while it is open."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mfbench.api.workbench import Workbench
from mfbench_tui.panes.runs import Runs
from tests.faults.conftest import small  # noqa: F401  a fixture
from tests.tui.support import opened, press, settled, text_of, told, unpacked

LEAVE = """
import time
from types import SimpleNamespace
from mfbench_tui.run import _leave_threads
from mfbench_tui.threads import Threads

desk = SimpleNamespace(doing={doing})
threads = Threads()
threads.submit(time.sleep, 60)
threads.submit(lambda: (time.sleep(1), desk.doing.clear(), print("done", flush=True)))
time.sleep(0.1)
_leave_threads(desk, 7)
"""


@pytest.mark.parametrize(("doing", "waited"), [("set()", False), ("{('score', 'churn')}", True)])
def test_what_changes_something_is_waited_for_and_what_reads_is_left(doing: str, waited: bool) -> None:
    began = time.monotonic()
    code = LEAVE.replace("{doing}", doing)
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=50, check=False)
    assert time.monotonic() - began < 40
    assert ended.returncode == 7, ended.stderr
    assert ("done" in ended.stdout) is waited
    assert ("not done yet: mfbench score churn" in ended.stderr) is waited


async def test_a_disk_that_fills_up_is_told_and_outlived(
    small: tuple[Path, bool],  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder, is_disk = small
    if not is_disk:
        pytest.skip("needs root, for a disk of its own")
    monkeypatch.chdir(unpacked(folder))
    async with opened(folder) as pilot:
        ballast = folder / "ballast"
        ballast.write_bytes(bytes(shutil.disk_usage(folder).free))
        run = pilot.app.main.query_one(Runs).listing.current
        await press(pilot, "p")
        assert "may not be shown" in told(pilot), "what was decided is kept, and cannot be folded"
        await press(pilot, "4", "5", "1", "2", "enter", "right", "escape")
        pane = pilot.app.main.query_one(Runs)
        assert pane.rows, "what was known is shown still"
        ballast.unlink()
        await press(pilot, "n", "enter")
        for _ in range(100):
            await settled(pilot)
            if "▲" in text_of(pilot):
                break
        assert "▲" in text_of(pilot)
        assert [row["run"] for row in Workbench.open(folder).list_runs("pinned")[0]] == [run]
