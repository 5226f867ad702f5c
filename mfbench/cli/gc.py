"""`mfbench gc`."""

from __future__ import annotations

from typing import Any

import click

from mfbench.cli.common import json_option, narrate, open_bench, print_json, print_table, workspace_option
from mfbench.cli.telling import telling

EXAMPLES = """\b
Examples:
  mfbench gc --dry-run
  mfbench gc
  mfbench gc --older-than 30d"""

_DONE = {"trash": "to the trash", "remove": "removed", "restore": "put back", "seal": "sealed", "keep": "kept"}
_WOULD = {**_DONE, "trash": "would go to the trash", "remove": "would be removed", "seal": "would be sealed",
          "restore": "would be put back"}  # fmt: skip


LEAST = 60.0  # seconds


@click.command("gc", epilog=EXAMPLES)
@click.option("--dry-run", is_flag=True, help="Only say what would go, and why.")
@click.option("--older-than", default="1d", show_default=True, metavar="TIME", help="Touch nothing younger: 12h, 30d …")
@workspace_option
@json_option
def command(dry_run: bool, older_than: str, workspace: str | None, as_json: bool) -> None:
    """Take away what no run, model or ledger refers to.

    Blobs and cached steps that nothing names move to the trash; deleted runs, and what else has lain in the trash for
    that time, go for good; files of writers that were killed are removed; large finished journals become one smaller
    file each. Containers that a crash has left behind are removed, and environments (images, virtual environments)
    that you have not used for 30 days; config.toml can change that: [environment] keep. Safe while runs are going on.
    """
    age = _age(older_than)
    if age < LEAST and not dry_run:
        raise click.BadParameter("at least 1m: what is younger may be in use right now", param_hint="--older-than")
    bench = open_bench(workspace)
    with telling() as progress:
        found = bench.gc(dry_run=dry_run, older_than=age, progress=progress)
    if as_json:
        print_json(found)
        return
    if not found["items"]:
        narrate(f"nothing to do: all that is older than {older_than} is referred to")
        return
    _print(found["items"], _WOULD if dry_run else _DONE)


def _print(items: list[dict[str, Any]], words: dict[str, str]) -> None:
    from mfbench.core.text import size

    groups: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for item in items:
        reason = _short(item)
        groups.setdefault((item["kind"], item["action"], reason), []).append(item)
    rows = [
        (kind, len(group), size(sum(item["bytes"] for item in group)), words[action], reason)
        for (kind, action, reason), group in sorted(groups.items())
    ]
    print_table(("kind", "count", "bytes", "what", "reason"), rows, right=["count", "bytes"])
    totals = {action: sum(item["bytes"] for item in items if item["action"] == action) for action in words}
    told = [f"{size(totals[action])} {words[action]}" for action in ("remove", "trash", "seal") if totals[action]]
    narrate("in all: " + (", ".join(told) or "nothing that takes space"))


def _short(item: dict[str, Any]) -> str:
    """The reason; of what was kept or sealed the place too, and not how large each one was."""
    if item["action"] == "seal":
        return "finished and large"
    return f"{item['path']}: {item['reason']}" if item["action"] == "keep" else str(item["reason"])


def _age(text: str) -> float:
    from mfbench.core.text import parse_duration

    try:
        return parse_duration(text)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--older-than") from None
