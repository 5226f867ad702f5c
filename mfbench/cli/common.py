"""Options and output that commands share. stdout is data, stderr is narration."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from mfbench.api.workbench import Workbench

_WHOLE = ("run", "model", "status", "took", "started", "registered", "time")  # never broken over two lines
workspace_option = click.option(
    "--workspace", metavar="DIR", envvar="MFBENCH_WORKSPACE", help="The workspace to use [default: found upwards]."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


class ListingGroup(click.Group):
    """A plural noun: alone, or followed by options only, it lists."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0].startswith("-") and args[0] not in ("-h", "--help")):
            args = ["list", *args]
        return super().parse_args(ctx, args)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[Any, Any, list[str]]:
        if args and args[0] not in self.commands:
            from mfbench.core.text import did_you_mean

            ctx.fail(f"there is no {ctx.info_name} {args[0]!r}; {did_you_mean(args[0], self.commands)}")
        return super().resolve_command(ctx, args)


def open_bench(workspace: str | None) -> Workbench:
    from mfbench.api.workbench import Workbench
    from mfbench.cli.telling import show
    from mfbench.core import progress

    if sys.stderr.isatty():
        progress.listener = show
    return Workbench.open(workspace)


def narrate(text: str) -> None:
    click.echo(text, err=True)


@contextmanager
def waiting(text: str) -> Iterator[None]:
    """Shows on a terminal what is being waited for, and takes it away afterwards."""
    if not sys.stderr.isatty():
        yield
        return
    click.echo(f"{text} …", err=True, nl=False)
    try:
        yield
    finally:
        click.echo("\r\033[K", err=True, nl=False)


def print_json(value: Any) -> None:
    """One line of JSON: NaN and infinities as null, times as ISO text."""
    import msgspec

    click.echo(msgspec.json.encode(plain(value)).decode())


def plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).isoformat(timespec="milliseconds")
    if value is None or isinstance(value, str | int | bool):
        return value
    return str(value)


def print_table(columns: Sequence[str], rows: Sequence[Sequence[Any]], right: Sequence[str] = ()) -> None:
    """A table on stdout: drawn on a terminal, tab-separated in a pipe."""
    texts = [[cell(value) for value in row] for row in rows]
    if not sys.stdout.isatty():
        click.echo("\t".join(columns))
        for row in texts:
            click.echo("\t".join(text.replace("\t", " ").replace("\n", " ") for text in row))
        return
    from rich import box
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console()
    fitting = _fitting(columns, texts, console.width)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    for name in columns[:fitting]:
        table.add_column(name, justify="right" if name in right else "left", no_wrap=name in _WHOLE, overflow="fold")
    for row in texts:
        table.add_row(*(escape(text) for text in row[:fitting]))
    console.print(table)
    if fitting < len(columns):
        narrate(f"left out in {console.width} columns: {', '.join(columns[fitting:])} (--json has all)")


def _fitting(columns: Sequence[str], texts: list[list[str]], width: int) -> int:
    """How many columns fit, from the left: a table of single letters tells nobody anything."""
    used = -1  # between two columns are three signs, at the edges one each
    for i, name in enumerate(columns):
        longest = max((len(text) for row in texts for text in row[i].split("\n")), default=0)
        used += max(len(name), longest if name in _WHOLE else min(longest, 24)) + 3
        if used > width and i:
            return i
    return len(columns)


def cell(value: Any) -> str:
    """A value for people: four digits, local time."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1e5 else f"{value:.6g}"
    if isinstance(value, datetime):
        return local(value).strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, list | tuple):
        return ", ".join(cell(item) for item in value)
    return printable(str(value))


def local(moment: datetime) -> datetime:
    """A moment in the terminal's time zone; one without a zone is in UTC."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone()


def printable(text: str) -> str:
    """Text from files and errors without control characters: a name must not steer the terminal."""
    return "".join(sign if sign.isprintable() or sign in "\n\t" else "\N{REPLACEMENT CHARACTER}" for sign in text)
