"""`mfbench merge`."""

from __future__ import annotations

import click

from mfbench.cli.common import json_option, narrate, open_bench, print_json, workspace_option
from mfbench.cli.import_ import tell
from mfbench.cli.telling import telling

EXAMPLES = """\b
Examples:
  mfbench merge ../other-project --dry-run
  mfbench merge /mnt/laptop/.mfbench"""


@click.command("merge", epilog=EXAMPLES)
@click.argument("other", type=click.Path())
@click.option("--dry-run", is_flag=True, help="Only say what would be taken in.")
@workspace_option
@json_option
def command(other: str, dry_run: bool, workspace: str | None, as_json: bool) -> None:
    """Take everything of the workspace OTHER in: runs, models, cached steps.

    OTHER is only read. Runs that are going on or were deleted there are left out. Its ledger is kept whole beside this
    one's; versions of models get the next numbers here and keep where they come from. Merging again brings what is new.
    """
    bench = open_bench(workspace)
    with telling() as progress:
        found = bench.merge(other, dry_run=dry_run, progress=progress)
    if as_json:
        print_json(found)
        return
    tell(found, dry_run)
    if found["cached"]:
        narrate(f"finished steps that need not run again here: {found['cached']}")
