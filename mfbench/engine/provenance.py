"""What is recorded so that a run can be repeated and explained: code, environment, machine."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mfbench.core.about import __version__
from mfbench.core.machine import actor, host
from mfbench.core.versions import python_version

if TYPE_CHECKING:
    import subprocess

MOST_PATCH = 1_000_000  # bytes
_SECRET_NAME = re.compile(r"(?i)(^|/)(\.env|.*\.pem|.*\.key|.*secret.*|.*credential.*|id_rsa.*|\.netrc|\.pypirc)")
# What reads a secret where it is kept, `password = mfbench.secret("DB_PASSWORD")`, holds none.
_READS = r"((mfbench\.)?secret|os\.getenv)\([\"']\w+[\"']\)[ \t]*$|os\.environ\[[\"']\w+[\"']\][ \t]*$"
_SECRET_TEXT = re.compile(
    r"(?im)(pass(word|wd|phrase)?|secret|token|credential|api_?key|access_?key|private_?key|authorization)"
    rf"[\w\"'\]]*\s*[=:](?!\s*({_READS}))"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----|\b(ghp|gho|github_pat|glpat|xox[abp]|sk|AKIA)[-_A-Za-z0-9]{12,}"
    r"|\w+://[^/\s:@]+:[^/\s:@]+@"
)


def looks_secret(name: str, content: bytes) -> bool:
    """Whether a file's name or text looks like a secret. A false alarm costs a record, a miss costs a secret."""
    return bool(_SECRET_NAME.search(name) or _SECRET_TEXT.search(content.decode(errors="replace")))


def machine() -> dict[str, Any]:
    return {
        "host": host(),
        "system": f"{os.uname().sysname} {os.uname().release}",
        "machine": os.uname().machine,
        "host_cpus": os.cpu_count(),
        "python": python_version(),
        "executable": sys.executable,
        "mfbench": __version__,
        "actor": actor(),
    }


class CodeState:
    """The git commit and uncommitted changes around a folder; asked for early, collected late."""

    def __init__(self, folder: Path) -> None:
        here = folder.resolve()
        self.top = next((item for item in (here, *here.parents) if (item / ".git").exists()), None)
        self._commit = self._ask("rev-parse", "HEAD")
        self._changed = self._ask("diff", "HEAD", "--name-only", "-z")

    def _ask(self, *words: str) -> subprocess.Popen[bytes] | None:
        if self.top is None:
            return None
        import subprocess

        try:
            return subprocess.Popen(
                ["git", "-C", str(self.top), *words],
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=_git_environment(),
            )
        except OSError:  # git is not installed
            return None

    def collect(self) -> tuple[dict[str, Any], bytes]:
        """({commit, dirty, left_out}, patch). Secret-looking files and lines never enter the patch."""
        if self._commit is None or self._changed is None:
            return {}, b""
        commit = self._commit.communicate()[0].decode().strip()
        names = [name for name in self._changed.communicate()[0].decode(errors="replace").split("\0") if name]
        if self._commit.returncode:
            return {}, b""
        fine = [name for name in names if not _SECRET_NAME.search(name)]
        left_out = sorted(set(names) - set(fine))
        patch = b""
        if fine:
            asked = self._ask(
                "diff", "HEAD", "--no-color", "--no-ext-diff", "--", *(f":(top,literal){n}" for n in fine)
            )
            if asked is not None and asked.stdout is not None:
                patch = asked.stdout.read(MOST_PATCH + 1)
                asked.stdout.close()
                asked.wait()
            if len(patch) > MOST_PATCH or looks_secret("", patch):
                patch, left_out = b"", names
        return {"commit": commit, "dirty": bool(names), "left_out": left_out}, patch


def _git_environment() -> dict[str, str]:
    """Without what would point git elsewhere, and without its wish to refresh the user's index."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return {**kept, "GIT_OPTIONAL_LOCKS": "0"}
