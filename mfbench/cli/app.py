"""The command tree. A command's module is imported when it is called, never for --help."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Any

import click

from mfbench.core.about import __version__

# name: (module, one line for --help); the order is that of a model's life
COMMANDS = {
    "init": ("init", "Make a workspace here; --demo adds recipes and data to try."),
    "check": ("check", "Check a recipe against its data, without running it."),
    "run": ("run", "Run a recipe: train, evaluate, gate and register a model."),
    "runs": ("runs", "List, show, follow, stop and delete runs."),
    "queue": ("queue", "List what waits for a place, change its order, wait for it."),
    "models": ("models", "List, show and name registered models."),
    "score": ("score", "Predict every row of a file with a model."),
    "drift": ("drift", "Compare what a model meets with what it was tested on; audit the alarms."),
    "monitor": ("monitor", "Watch newly arrived data of a model: windows, alerts, mitigation."),
    "sql": ("sql", "Query everything recorded, read-only."),
    "export": ("export", "Write runs and models to one archive."),
    "import": ("import_", "Take an archive of runs and models in."),
    "merge": ("merge", "Take everything of another workspace in."),
    "gc": ("gc", "Take away what nothing refers to; --dry-run says what and why."),
    "doctor": ("doctor", "Say what is damaged; --repair mends it, --rebuild makes the database anew."),
}


class Tree(click.Group):
    """Finds commands by name in COMMANDS."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"mfbench.cli.{COMMANDS[cmd_name][0]}").command
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[Any, Any, list[str]]:
        if args and args[0] not in COMMANDS:
            from mfbench.core.text import did_you_mean

            ctx.fail(f"there is no command {args[0]!r}; {did_you_mean(args[0], COMMANDS)}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(
    cls=Tree,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Start with: mfbench init --demo, then: mfbench run flight-delay.toml",
)
@click.version_option(__version__, prog_name="mfbench")
@click.option("--workspace", metavar="DIR", help="The workspace to use [default: found upwards from here].")
@click.option("--read-only", is_flag=True, help="Open the screen without any key that changes something.")
@click.pass_context
def app(ctx: click.Context, workspace: str | None, read_only: bool) -> int | None:
    """A terminal workbench for the whole life of a model.

    A recipe (one TOML file) turns data into a checked, trained, evaluated and registered model; everything
    is written down in .mfbench, local first, with no server. On a terminal and without a command, the screen opens.
    """
    if workspace:
        os.environ["MFBENCH_WORKSPACE"] = workspace
    if ctx.invoked_subcommand is not None:
        if read_only:
            ctx.fail("--read-only is for the screen: it goes without a command")
        return None
    if not _is_terminal():
        if read_only:
            ctx.fail("--read-only is for the screen, and there is no terminal to open it on")
        click.echo(ctx.get_help())
        return None
    # Loaded by its name: the screen is another face beside this one, not a part of it.
    code: int = import_module("mfbench_tui.run").open_screen(workspace, read_only=read_only)
    return code


def _is_terminal() -> bool:
    """Someone looks, and can be asked. `mfbench | less` wants the help."""
    streams = (sys.stdin, sys.stdout, sys.stderr)
    return all(stream is not None and stream.isatty() for stream in streams) and os.environ.get("TERM") != "dumb"
