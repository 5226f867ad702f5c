"""A DVC repository of five chained stages that do next to nothing, and its ``dvc repro``."""

from __future__ import annotations

from pathlib import Path

from benchmarks.peers import Peers
from benchmarks.timing import BenchError, run

STEPS = 5
UP_TO_DATE = "Data and pipelines are up to date"
# No look for a newer version of DVC, which would reach the network.
CONFIG = "[core]\n    no_scm = true\n    analytics = false\n    check_update = false\n"


def dvc_yaml() -> str:
    """Five stages, each with one small file in and one out; the command is a shell builtin."""
    lines = ["stages:"]
    for number in range(1, STEPS + 1):
        lines += [
            f"  step{number}:",
            f"    cmd: echo {number} > {number}.txt",
            f"    deps: [{number - 1}.txt]",
            f"    outs: [{number}.txt]",
        ]
    return "\n".join(lines) + "\n"


class DvcRepo:
    """One repository in a folder of its own, with DVC's caches and settings beside it."""

    def __init__(self, peers: Peers, folder: Path) -> None:
        """Make the repository; this is not part of what is measured."""
        self.dvc = peers.command("dvc")
        self.folder = folder / "repo"
        self.env = {
            "DVC_SITE_CACHE_DIR": str(folder / "site-cache"),
            "DVC_GLOBAL_CONFIG_DIR": str(folder / "global"),
            "DVC_SYSTEM_CONFIG_DIR": str(folder / "system"),
        }
        self.folder.mkdir(parents=True)
        run([self.dvc, "init", "--no-scm", "--quiet"], cwd=self.folder, env=self.env)
        (self.folder / ".dvc" / "config").write_text(CONFIG)
        (self.folder / "0.txt").write_text("0\n")
        (self.folder / "dvc.yaml").write_text(dvc_yaml())

    def repro(self, *, cached: bool) -> float:
        """The wall time of one ``dvc repro``, having checked that it did what it should."""
        wall, output = run([self.dvc, "repro"], cwd=self.folder, env=self.env)
        if (UP_TO_DATE in output) is not cached:
            raise BenchError(f"dvc repro was to be {'cached' if cached else 'fresh'}: {output!r}")
        if not (self.folder / f"{STEPS}.txt").is_file():
            raise BenchError("dvc repro left no output of the last stage")
        return wall
