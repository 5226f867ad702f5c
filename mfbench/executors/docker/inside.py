"""What runs in the container that an environment is installed in. No part of mfbench is there: its text is sent.

It finds `order` as a global: env (of the installers), requirements (text), apt (packages), wheels (a folder or null),
facts (a program that prints the facts), marker (what the line with the facts begins with).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

order: dict[str, Any]
SCRATCH = Path("/mfbench-install")  # not /tmp: what the base has there stays


def _fail(reason: str) -> None:
    print(order["marker"] + json.dumps({"failed": reason}), flush=True)
    sys.exit(1)


def _end_with_the_caller() -> None:
    """Its end of our input closes when it dies; the container's first process then takes all others along."""
    sys.stdin.buffer.read()
    os._exit(1)


def _call(*words: str, text: str | None = None) -> None:
    done = subprocess.run(words, input=text, text=True, stdin=None if text else subprocess.DEVNULL, check=False)
    if done.returncode:
        _fail(f"{words[0] if words[0] != sys.executable else 'pip'} failed with exit code {done.returncode}")


def _apt(packages: list[str]) -> None:
    if not shutil.which("apt-get"):
        _fail("the base image has no apt-get: it is not made from Debian or Ubuntu")
    os.environ["DEBIAN_FRONTEND"] = "noninteractive"
    _call("apt-get", "-qq", "-o", "Dpkg::Use-Pty=0", "update")
    _call("apt-get", "-qq", "-o", "Dpkg::Use-Pty=0", "install", "-y", "--no-install-recommends", "--", *packages)
    _call("apt-get", "clean")
    for entry in Path("/var/lib/apt/lists").iterdir():
        shutil.rmtree(entry, ignore_errors=True) if entry.is_dir() else entry.unlink()


def _pip(requirements: str, wheels: str | None) -> None:
    listed = SCRATCH / "requirements.txt"
    listed.write_text(requirements, encoding="utf-8")
    links = ["--find-links", wheels] if wheels else []
    _call(sys.executable, "-m", "pip", "install", *links, "-r", str(listed))


def main() -> None:
    threading.Thread(target=_end_with_the_caller, daemon=True).start()
    os.environ.update(order["env"])
    os.environ.update(TMPDIR=str(SCRATCH), PIP_BREAK_SYSTEM_PACKAGES="1")
    SCRATCH.mkdir()
    if order["apt"]:
        _apt(order["apt"])
    if order["requirements"].strip():
        _pip(order["requirements"], order["wheels"])
    shutil.rmtree(SCRATCH)
    facts = subprocess.run([sys.executable, "-c", order["facts"]], capture_output=True, text=True, check=False)
    if facts.returncode:
        _fail(facts.stderr.strip())
    print(order["marker"] + facts.stdout.strip(), flush=True)


main()
