"""The peers' own virtual environment, made when missing from peers.txt."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.timing import BenchError, run

HERE = Path(__file__).resolve().parent
VENV = HERE / ".venv-peers"
PINS = HERE / "peers.txt"
PEERS = ("mlflow", "dvc")


@dataclass(frozen=True)
class Peers:
    """Where the peers' programs are, and which versions of them."""

    bin: Path
    versions: dict[str, str]

    def command(self, program: str) -> str:
        """The path of one program of the peers' environment."""
        return str(self.bin / program)


def pinned_versions() -> dict[str, str]:
    """The versions of the peers themselves, as peers.txt pins them."""
    pins = (line.partition(";")[0].strip().partition("==") for line in _pin_lines())
    return {name: version for name, _, version in pins if name in PEERS}


def ensure_peers() -> Peers:
    """Return the peers' environment; make it first if missing or made from other pins."""
    stamp = VENV / "made-from.txt"
    wanted = f"# Python {platform.python_version()}\n{PINS.read_text()}"
    if not stamp.is_file() or stamp.read_text() != wanted:
        _make()
        stamp.write_text(wanted)
    return Peers(VENV / "bin", pinned_versions())


def _make() -> None:
    print("making the peers' environment in benchmarks/.venv-peers ...", file=sys.stderr)
    shutil.rmtree(VENV, ignore_errors=True)
    python = str(VENV / "bin" / "python")
    try:
        run([sys.executable, "-m", "venv", str(VENV)])
        (VENV / ".gitignore").write_text("*\n")
        pip = [python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
        run([*pip, "--compile", "--requirement", str(PINS)])
    except BenchError as error:
        raise BenchError(f"the peers' environment could not be made: {error}") from error
    os.sync()  # or writing all that to the disk would go on beside the first measurements


def _pin_lines() -> list[str]:
    return [line for line in PINS.read_text().splitlines() if not line.startswith("#")]
