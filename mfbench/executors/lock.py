"""What is installed for a worker, as a requirements file: exact versions of what is here, or a user's own list."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mfbench.core.errors import UsageError
from mfbench.core.files import write_whole
from mfbench.core.hashing import digest_value
from mfbench.core.versions import installed, normalized, python_version, version
from mfbench.executors.making import without_login
from mfbench.workspace.disk import cache_folder

if TYPE_CHECKING:
    from importlib.metadata import Distribution

    from packaging.requirements import Requirement

# What a worker imports: a test compares it with the imports of the worker, the steps and the search.
WORKER = (
    "cmaes", "msgspec", "numpy", "optuna", "polars", "pyarrow", "scikit-learn", "scipy", "skops", "threadpoolctl",
)  # fmt: skip
_FORMAT = 1  # of the remembered locks
_OPTIONS = (
    "--index-url", "-i", "--extra-index-url", "--trusted-host", "--pre", "--no-binary", "--only-binary",
    "--prefer-binary", "--require-hashes",
)  # fmt: skip
_REMEDY = "list what the worker needs in a file, and name it in the recipe: run.env.requirements"


def default_lock(extra: tuple[str, ...] = ()) -> str:
    """'name==version' lines, sorted: what a worker needs and what that needs in turn, as it is installed here.

    `extra`: more top-level modules, or distributions; those of Python itself and unknown ones do not count. Remembered
    on this machine until something else is installed. Raises UsageError for what is installed from a folder or a link,
    which no version names.
    """
    key = digest_value([_FORMAT, sys.executable, python_version(), installed(), WORKER, sorted(extra)])
    remembered = cache_folder() / "locks" / key[:16]
    try:
        return remembered.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        pass
    lock = "".join(f"{line}\n" for line in sorted(_pins(extra)))
    try:
        remembered.parent.mkdir(parents=True, exist_ok=True)
        write_whole(remembered, lock.encode())
    except OSError:  # a full or read-only disk: it is found out again next time
        pass
    return lock


def _pins(extra: tuple[str, ...]) -> set[str]:
    from importlib.metadata import PackageNotFoundError, distribution
    from importlib.metadata import packages_distributions as owners

    wanted = [(name, "") for name in WORKER]
    asked = [name for name in extra if name not in sys.stdlib_module_names and name != "mfbench"]
    owned = owners() if asked else {}
    wanted += [(found, "") for name in asked for found in owned.get(name, [name])]
    pins, seen = set(), set()
    while wanted:
        name, option = wanted.pop()
        if (normalized(name), option) in seen:
            continue
        seen.add((normalized(name), option))
        try:
            found = distribution(name)
        except PackageNotFoundError:  # an optional import, or a need that was never met here either
            continue
        _refuse_folder(found)
        pins.add(f"{normalized(name)}=={found.version.partition('+')[0]}")
        wanted += _needs(found, option)
    return pins


def _needs(found: Distribution, option: str) -> list[tuple[str, str]]:
    """(distribution, one of its extras or "") that it requires on this interpreter, with this extra of its own."""
    from packaging.requirements import Requirement

    needs = [Requirement(line) for line in found.requires or ()]
    here = [need for need in needs if need.marker is None or need.marker.evaluate({"extra": option})]
    return [(need.name, extra) for need in here for extra in ("", *need.extras)]


def _refuse_folder(found: Distribution) -> None:
    """A distribution that came from no index has a note of where it came from; those of conda have one too."""
    note = found.read_text("direct_url.json")
    if note and (found.read_text("INSTALLER") or "").strip() != "conda":
        from msgspec import json

        url = json.decode(note).get("url", "elsewhere")
        raise UsageError(f"{found.name} {found.version} is installed here from {url}, not from an index", hint=_REMEDY)


def read_lock(path: Path, name: str) -> tuple[str, list[str]]:
    """(the requirements in the file, and what of a worker's they lack; remarks). Comments are left out.

    Raises UsageError for a file that cannot be read, and for lines that mean something on this machine only.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        hint = f"make it, e.g. with: uv pip compile requirements.in -o {name}"
        raise UsageError(f"{name} cannot be read: {error.strerror}", hint=hint) from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{name} is not UTF-8 text", hint="save it as UTF-8") from error
    kept, remarks, listed = [], [], set()
    for number, line in _lines(text):
        where = f"{name}, line {number}"
        found = None if line.startswith(_OPTIONS) else _requirement(line, where)
        if found is not None and normalized(found.name) == "mfbench":
            remarks.append(f"{where}: mfbench itself is put in by itself: left out")
            continue
        if found is not None:
            listed.add(normalized(found.name))
            if not _exact(found):
                remarks.append(
                    f"{where}: {without_login(line)!r} is no exact version: another machine may get another one"
                )
        kept.append(line)
    added = [f"{item}=={(version(item) or '').partition('+')[0]}" for item in WORKER if item not in listed]
    if added and "--hash" in text:
        hint = "add them with their hashes"
        raise UsageError(f"{name} has hashes, and lacks what a worker needs: {', '.join(added)}", hint=hint)
    return "".join(f"{line}\n" for line in (*kept, *added)), remarks


def _lines(text: str) -> list[tuple[int, str]]:
    """(number of its first line, content) of what is no comment, with broken lines joined."""
    found, begun, start = [], "", 0
    for number, line in enumerate([*text.splitlines(), ""], start=1):
        start = start if begun else number
        bare = re.sub(r"(^|\s)#.*$", "", line)
        if bare.rstrip().endswith("\\"):
            begun += bare.rstrip()[:-1] + " "
            continue
        content = " ".join((begun + bare).split())
        begun = ""
        if content:
            found.append((start, content))
    return found


def _requirement(line: str, where: str) -> Requirement:
    """Raises UsageError for everything that is no requirement by name."""
    from packaging.requirements import InvalidRequirement, Requirement

    shown = without_login(line)
    if re.match(r"(-r|-c|--requirement|--constraint)\b", line):
        raise UsageError(
            f"{where}: {shown!r} includes another file", hint="put its lines here: one file, exact versions"
        )
    if re.match(r"(-e|--editable|-f|--find-links)\b", line):
        raise UsageError(f"{where}: {shown!r} names something that only this machine has", hint=_FOLDER)
    try:
        found = Requirement(re.split(r"\s--(?:hash|config-settings|global-option)\b", line)[0])
    except InvalidRequirement as error:
        hint = f"lines are like polars=={version('polars')}; {_FOLDER}"
        raise UsageError(f"{where}: {shown!r} is no requirement", hint=hint) from error
    if found.url and not found.url.startswith(("https://", "http://", "git+https://", "git+ssh://")):
        raise UsageError(f"{where}: {shown!r} names something that only this machine has", hint=_FOLDER)
    return found


_FOLDER = "wheels of your own belong into a wheelhouse: [environment] in the workspace's config.toml"


def _exact(found: Requirement) -> bool:
    pins = list(found.specifier)
    return len(pins) == 1 and pins[0].operator in ("==", "===") and not pins[0].version.endswith("*")
