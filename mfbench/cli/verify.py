"""`mfbench runs verify`."""

from __future__ import annotations

from typing import Any

import click

from mfbench.cli.common import (
    cell,
    json_option,
    narrate,
    open_bench,
    print_json,
    print_table,
    printable,
    waiting,
    workspace_option,
)
from mfbench.core.text import plural, seconds

EXAMPLES = """\b
Examples:
  mfbench runs verify last
  mfbench runs verify a1b2 --executor docker
  mfbench runs verify last --strict --json

\b
Exit codes: 0 bit-identical or same metrics; 1 diverged, or it failed; 2 the run cannot be verified; 130 stopped."""
_PARTIAL = "not repeated"


@click.command("verify", epilog=EXAMPLES)
@click.argument("run")
@click.option("--executor", metavar="NAME", help="Where: docker, venv or local [default: nearest to where it ran].")
@click.option("--strict", is_flag=True, help="Exit with 1 unless all of it is bit-identical.")
@click.option("--trust-code", is_flag=True, help="Let code that came with an imported run run unsealed.")
@workspace_option
@json_option
def verify(run: str, executor: str | None, strict: bool, trust_code: bool, workspace: str | None, as_json: bool) -> int:
    """Prove a run: make its environment again, repeat every step, compare what comes out.

    Says whether it is bit-identical, has the same metrics, or at which step it diverged, naming the first column,
    parameter or tensor that differs. Nothing comes from the step cache, nothing is registered; the verification is a
    run of its own. With --executor local no environment is made: the steps run in this interpreter.
    """
    from mfbench.api.verifying import follow, start
    from mfbench.cli.progress import progress

    home = open_bench(workspace).workspace
    with waiting(f"looking up what run {run} recorded"):
        launched = start(home, run, executor, trust_code=trust_code)
    with progress() as show:
        found = follow(home, launched, show)
    partial = [step["step"] for step in found["steps"] if step["status"] == _PARTIAL]
    if as_json:
        print_json(found)
    else:
        _show(found, partial)
    if found["verdict"] == "diverged":
        return 1
    return int(strict and (found["verdict"] != "bit-identical" or bool(partial)))


def _show(found: dict[str, Any], partial: list[str]) -> None:
    rows = [(one["step"], _status(one), one["outputs"], one["difference"]) for one in found["steps"]]
    print_table(("step", "result", "files", "first difference"), rows, right=["files"])
    for name, each in found["metrics"].items():
        gap = "" if each["difference"] is None else f", by {cell(each['difference'])}"
        click.echo(f"metric {printable(name)}: {each['before']} → {each['after']}{gap}")
    for title, texts in (("noted", found["notes"]), ("not compared", found["left_out"]),
                         ("could not be pinned", found["unpinned"])):  # fmt: skip
        for text in texts:
            narrate(f"{title}: {printable(text)}")
    click.echo(printable(conclusion(found, partial)).replace("\n", " "))


def _status(one: dict[str, Any]) -> str:
    return f"followed from {one['followed']}" if one["followed"] else str(one["status"])


def conclusion(found: dict[str, Any], partial: list[str]) -> str:
    """The verdict in one line. partial: the steps that were not repeated."""
    step, count = found["step"], found["compared_metrics"]
    first = next((one for one in found["findings"] if one["step"] == step), None)
    told = first["text"] if first and "file" not in first else f"{first['file']}, {first['text']}" if first else ""
    files = sum(one["outputs"] for one in found["steps"] if one["status"] == "identical")
    if found["verdict"] == "diverged":
        line = f"diverged at step {step}: {told}" if step else "diverged: the files are the same, the metrics are not"
    elif found["verdict"] == "same metrics":
        line = f"same metrics: {count} of {count} agree; step {step} came out differently: {told}"
    else:
        line = f"bit-identical: {plural(files, 'file')} and {plural(count, 'metric')}"
    line += f" (not repeated: {', '.join(partial)})" if partial else ""
    return f"{line}, in {seconds(found['seconds'])} on {found['executor']}"
