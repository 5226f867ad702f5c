"""What is installed where a worker runs: as it is asked for, and as it was found."""

from __future__ import annotations

import os
import re

import msgspec

from mfbench.core.hashing import digest_value
from mfbench.core.structs import make_ready
from mfbench.core.versions import installed, normalized, python_version

_EXACT = re.compile(r"[A-Za-z0-9._-]+(\[[A-Za-z0-9._,-]*\])?==[A-Za-z0-9._+!-]+")


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What recipe and configuration ask for, with nothing left to look up.

    requirements: the text of a requirements file, exact versions. base: the image below it (Docker), or "" for the
    default. apt: Debian packages. wheelhouse: a folder with wheels that come before any index. args: environment
    variables of the installation, which are no part of what comes out of it. Neither are wheelhouse, index and network.
    """

    requirements: str
    base: str = ""
    apt: tuple[str, ...] = ()
    wheelhouse: str | None = None
    index: str | None = None
    extra_index: tuple[str, ...] = ()
    network: str | None = None
    args: dict[str, str] = {}


class Environment(msgspec.Struct, frozen=True, kw_only=True):
    """python: "3.11.2". platform: "linux-x86_64". versions: normalised distribution to version, all that is there.

    place: what the executor starts it by (an image's id, a folder); "" on this very interpreter. told: what a person
    may want to know of it, e.g. the image's tag.
    """

    python: str
    platform: str
    versions: dict[str, str]
    place: str = ""
    told: str = ""

    @property
    def minor(self) -> str:
        """The Python version without its patch level: what decides about compatibility."""
        return self.python.rpartition(".")[0]

    def digest(self, names: tuple[str, ...]) -> str:
        """One digest of what decides about results: Python, platform, the versions of these distributions."""
        versions = {name: self.versions.get(normalized(name)) for name in sorted(names)}
        return digest_value([self.minor, self.platform, versions])

    def pins(self) -> str:
        """The versions as a requirements file."""
        return "".join(f"{name}=={version}\n" for name, version in sorted(self.versions.items()))


def is_exact(requirements: str) -> bool:
    """Whether every line names one version of one package, and nothing beside it: no address, no option, no secret."""
    return all(_EXACT.fullmatch(line) for line in requirements.splitlines())


def here() -> Environment:
    """This interpreter's own."""
    return Environment(python=python_version(), platform=platform(), versions=installed())


def platform() -> str:
    return f"{os.uname().sysname}-{os.uname().machine}".lower()


make_ready(Environment)
