"""Reports and comparisons of the runs of a workspace."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mfbench.core.errors import UsageError, from_os
from mfbench.core.ids import random_text
from mfbench.journal.blobs import Blobs
from mfbench.report.values import collect
from mfbench.store.store import Store

if TYPE_CHECKING:
    from mfbench.api.workbench import PathLike, Workbench

Format = Literal["html", "markdown"]
FORMATS: dict[str, Format] = {".html": "html", ".htm": "html", ".md": "markdown", ".markdown": "markdown"}
FEWEST, MOST = 2, 8  # runs that one can look at together
_POINTS = """
SELECT key, step, value FROM metrics WHERE run = ? AND trial IS NULL
    AND key IN (SELECT key FROM run_metrics WHERE run = ? AND n > 1 ORDER BY key LIMIT 12)
QUALIFY (row_number() OVER (PARTITION BY key ORDER BY step, time) - 1)
    % greatest(1, count(*) OVER (PARTITION BY key) // 400) = 0
ORDER BY key, step
"""


def values(bench: Workbench, run: str) -> dict[str, Any]:
    """What there is to say about a run, see `collect`. Raises NotFoundError."""
    facts = bench.show_run(run)
    blobs, digests = Blobs(bench.workspace.blobs), {item["path"]: item["digest"] for item in facts["artifacts"]}
    points: dict[str, list[list[float]]] = {}
    with Store(bench.workspace).reading() as con:
        for key, step, value in con.execute(_POINTS, [facts["run"], facts["run"]]).fetchall():
            points.setdefault(key, []).append([step, value])
    became = [version for version in bench.models() if version["run"] == facts["run"]] if not facts["model"] else []
    return collect(
        facts,
        lambda path: blobs.read(digests[path]) if path in digests else None,
        points,
        became[0] if became else None,
    )


def report(
    bench: Workbench, run: str, path: PathLike | None, form: Format | None, *, force: bool = False
) -> Path | str:
    """The report as text, or where it was written. The form is, unless named, that of the path's ending, else HTML."""
    target = None if path is None else Path(path)
    form = form or (FORMATS.get(target.suffix.lower()) if target else None) or "html"
    if target is not None and not force:
        refuse_other(target)
    found = values(bench, run)
    if form == "markdown":
        from mfbench.report.markdown import render_markdown as render
    elif form == "html":
        from mfbench.report.html import render_html as render
    else:
        raise UsageError(f"there is no format {form!r}", hint="known: html, markdown")
    text = render(found)
    if target is None:
        return text
    write(target, text)
    return target


def default_name(bench: Workbench, run: str) -> Path:
    """What a report's file is called: NAME-RUN.html, in the current folder."""
    facts = bench.show_run(run)
    return Path(f"{file_word(facts['name'])}-{facts['run']}.html")


def file_word(name: object) -> str:
    """What of a name is safe in a file's."""
    return re.sub(r"[^\w.-]+", "-", str(name or "run"), flags=re.ASCII)[:60].strip(".-") or "run"


def compare(bench: Workbench, runs: Sequence[str]) -> dict[str, Any]:
    """See `mfbench.report.comparison.compare`. Raises UsageError for fewer than 2 runs or more than 8."""
    from mfbench.report.comparison import compare as compared

    found = list(dict.fromkeys(bench.workspace.find_run(run) for run in runs))
    if not FEWEST <= len(found) <= MOST:
        told = f"{len(found)} different run{'' if len(found) == 1 else 's'} to compare"
        raise UsageError(told, hint=f"name {FEWEST} to {MOST}: mfbench runs compare RUN RUN …")
    return compared([values(bench, run) for run in found])


def refuse_other(target: Path) -> None:
    """A report is made again and again; somebody else's file is not ours to replace."""
    from mfbench.report import html, markdown

    if target.is_dir():
        raise UsageError("this is a folder", where=str(target), hint="name a file in it")
    if not target.is_file():
        return
    with target.open("rb") as file:
        head = file.read(400).decode(errors="replace")
    if head.strip() and html.MARK not in head and not head.startswith(markdown.MARK):
        hint = "name another file, or replace it with --force"
        raise UsageError("this file is there and is no report", where=str(target), hint=hint)


def write(target: Path, text: str) -> None:
    """A report as a file. Whole or not at all; a pipe or a device is written to as it is."""
    try:
        if target.exists() and not target.is_file():
            target.write_text(text, encoding="utf-8")
            return
        real = Path(os.path.realpath(target))
        staged = real.with_name(f".{real.name[:100]}.{random_text(8)}")
        try:
            staged.write_text(text, encoding="utf-8")
            staged.replace(real)
        finally:
            staged.unlink(missing_ok=True)
    except OSError as error:
        error.filename = str(target)  # not the file that is written first, in its place
        raise from_os(error, "the report cannot be written") from error
