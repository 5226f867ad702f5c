"""`mfbench run`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mfbench.cli.common import json_option, narrate, print_json, waiting, workspace_option

if TYPE_CHECKING:
    from mfbench.engine.launch import Launched
    from mfbench.engine.result import RunResult
    from mfbench.workspace.workspace import Workspace

EXAMPLES = """\b
Examples:
  mfbench run recipes/flight-delay.toml
  mfbench run flight-delay.toml --set model.max_iter=200 --set run.seed=3
  mfbench run flight-delay.toml --json | tail -n 1
  mfbench run flight-delay.toml --detach
  mfbench run flight-delay.toml --queue

\b
Exit codes: 0 done; 1 the run failed; 2 the recipe or its data is wrong; 3 a gate or a data check
refused; 130 stopped."""


@click.command("run", epilog=EXAMPLES)
@click.argument("recipe", type=click.Path(dir_okay=False))
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Lay a value over the recipe; repeatable.")
@click.option("--executor", metavar="NAME", help="Where to run: auto, local, venv or docker [default: the recipe's].")
@click.option("--name", help="The run's name [default: the recipe's].")
@click.option("--detach", is_flag=True, help="Print the run's id and leave it running.")
@click.option("--queue", is_flag=True, help="Print an id and start it once a place is free; see `mfbench queue`.")
@workspace_option
@json_option
def command(
    recipe: str,
    overrides: tuple[str, ...],
    executor: str | None,
    name: str | None,
    detach: bool,
    queue: bool,
    workspace: str | None,
    as_json: bool,
) -> int:
    """Run a recipe: check, train, evaluate, gate and register.

    What has been computed before is not computed again. Ctrl-C stops the run; closing the terminal does not:
    find it again with `mfbench runs logs last --follow`.
    """
    if queue:
        from mfbench.cli.queue import queue_run

        return queue_run(recipe, overrides, executor, name, workspace, as_json)
    from mfbench.api.running import start

    with waiting(f"checking {recipe} against its data"):
        launched, home = start(recipe, workspace, overrides, executor, name)
    return finish(launched, home, detach, as_json)


def finish(launched: Launched, home: Workspace, detach: bool, as_json: bool) -> int:
    """Follows a run that has been started to its end, or leaves it; the exit code."""
    from mfbench.api.running import follow_to_end

    if detach:
        launched.close()
        if as_json:
            print_json({"run": launched.run})
        else:
            click.echo(launched.run)
        return 0
    from mfbench.cli.progress import progress

    try:
        with progress() as show:
            result = follow_to_end(home, launched.run, show, launched)
    finally:
        launched.close()
    return tell_end(result, as_json)


def tell_end(result: RunResult, as_json: bool) -> int:
    """Prints what a run has come to; the exit code."""
    if as_json:
        print_json(result.as_json())
    else:
        from mfbench.cli.summary import conclusion

        narrate(conclusion(result))
        if result.model:
            click.echo(f"{result.model['name']}:{result.model['version']}")
    return result.exit_code
