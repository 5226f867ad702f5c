"""What runs where an environment is installed: in a container that has no part of mfbench, so its text is sent.

It is given an order: env (of the installers), requirements (text), apt (packages), wheels (a folder or null), scratch
(a folder to make and remove), venv (a folder for a virtual environment, or null for this interpreter's own), facts (a
program that prints them), marker (what the line with the answer begins with). The answer is the facts, or what failed.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any


class FailedError(Exception):
    """Why there will be no environment."""


def main(order: dict[str, Any]) -> None:
    threading.Thread(target=_end_with_the_caller, daemon=True).start()
    os.environ.update(order["env"])
    try:
        answer = _install(order)
    except FailedError as error:
        answer = json.dumps({"failed": str(error)})
    print(order["marker"] + answer, flush=True)


def _install(order: dict[str, Any]) -> str:
    """The facts about what is there in the end, as JSON."""
    scratch, python = Path(order["scratch"]), sys.executable
    if order["venv"]:
        _call("making the virtual environment", python, "-I", "-m", "venv", order["venv"])
        python = str(Path(order["venv"], "bin", "python"))
    scratch.mkdir()
    os.environ["TMPDIR"] = str(scratch)  # not /tmp: in an image, what its base has there stays
    if order["apt"]:
        _apt(order["apt"])
    if order["requirements"].strip():
        _pip(python, order["requirements"], order["wheels"], scratch)
    shutil.rmtree(scratch)
    facts = subprocess.run([python, "-I", "-c", order["facts"]], capture_output=True, text=True, check=False)
    if facts.returncode:
        raise FailedError(facts.stderr.strip())
    return facts.stdout.strip()


def _apt(packages: list[str]) -> None:
    if not shutil.which("apt-get"):
        raise FailedError("the base image has no apt-get: it is not made from Debian or Ubuntu")
    os.environ["DEBIAN_FRONTEND"] = "noninteractive"
    quiet = ("apt-get", "-qq", "-o", "Dpkg::Use-Pty=0")
    _call("apt-get", *quiet, "update")
    _call("apt-get", *quiet, "install", "-y", "--no-install-recommends", "--", *packages)
    _call("apt-get", "apt-get", "clean")
    for entry in Path("/var/lib/apt/lists").iterdir():
        shutil.rmtree(entry, ignore_errors=True) if entry.is_dir() else entry.unlink()


def _pip(python: str, requirements: str, wheels: str | None, scratch: Path) -> None:
    listed = scratch / "requirements.txt"
    listed.write_text(requirements, encoding="utf-8")
    links = ["--find-links", wheels] if wheels else []
    _call("pip", python, "-I", "-m", "pip", "install", *links, "-r", str(listed))


def _call(name: str, *words: str) -> None:
    code = subprocess.run(words, stdin=subprocess.DEVNULL, check=False).returncode
    if code:
        raise FailedError(f"{name} failed with exit code {code}")


def _end_with_the_caller() -> None:
    """Its end of our input closes when it dies: nobody waits for what this group of processes makes."""
    while os.read(0, 4096):
        pass
    os.killpg(0, signal.SIGKILL)
