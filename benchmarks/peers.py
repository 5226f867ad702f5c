"""The peers' own virtual environments, each made when missing from its pins."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.timing import BenchError, run

HERE = Path(__file__).resolve().parent
PEERS = ("mlflow", "dvc")


@dataclass(frozen=True)
class Pins:
    """An environment: the folder, the pins, and the names of the peers among them."""

    venv: Path
    file: Path
    names: tuple[str, ...]


TRACKING = Pins(HERE / ".venv-peers", HERE / "peers.txt", PEERS)
DRIFT = Pins(HERE / ".venv-peers-drift", HERE / "peers-drift.txt", ("evidently", "nannyml"))
SCREEN = Pins(HERE / ".venv-peers-screen", HERE / "peers-screen.txt", ("harlequin",))


@dataclass(frozen=True)
class Peers:
    """Where the peers' programs are, and which versions of them."""

    bin: Path
    versions: dict[str, str]

    def command(self, program: str) -> str:
        """The path of one program of the peers' environment."""
        return str(self.bin / program)


def pinned_versions(pins: Pins = TRACKING) -> dict[str, str]:
    """The versions of the peers themselves, as the file pins them."""
    lines = (line.partition(";")[0].strip().partition("==") for line in _lines(pins))
    return {name: version for name, _, version in lines if name in pins.names}


def ensure_peers(pins: Pins = TRACKING) -> Peers:
    """Return the peers' environment; make it first if missing or made from other pins."""
    stamp = pins.venv / "made-from.txt"
    wanted = f"# Python {platform.python_version()}\n{pins.file.read_text()}"
    if not stamp.is_file() or stamp.read_text() != wanted:
        _make(pins)
        stamp.write_text(wanted)
    return Peers(pins.venv / "bin", pinned_versions(pins))


def _make(pins: Pins) -> None:
    print(f"making the peers' environment in benchmarks/{pins.venv.name} ...", file=sys.stderr)
    shutil.rmtree(pins.venv, ignore_errors=True)
    python = str(pins.venv / "bin" / "python")
    try:
        run([sys.executable, "-m", "venv", str(pins.venv)])
        (pins.venv / ".gitignore").write_text("*\n")
        pip = [python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
        run([*pip, "--compile", "--requirement", str(pins.file)])
    except BenchError as error:
        raise BenchError(f"the peers' environment could not be made: {error}") from error
    os.sync()  # or writing all that to the disk would go on beside the first measurements


def _lines(pins: Pins) -> list[str]:
    return [line for line in pins.file.read_text().splitlines() if not line.startswith("#")]
