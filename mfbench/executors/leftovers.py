"""What executors have left behind, asked of each that is installed.

Executors that run elsewhere have no leftovers here; those that run here answer in milliseconds, or not at all.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from mfbench.core import plugins
from mfbench.core.errors import MfbenchError, MissingPluginError
from mfbench.executors.base import Executor, Leftover
from mfbench.workspace.workspace import Workspace


@dataclass
class Left:
    """items: (executor, what it has left). silent: (executor's name, why it could not be asked)."""

    items: list[tuple[Executor, Leftover]] = field(default_factory=list)
    silent: list[tuple[str, MfbenchError]] = field(default_factory=list)


def find(workspace: Workspace) -> Left:
    """Raises nothing: an executor that fails is among the silent ones."""
    found = Left()
    for name in plugins.names("mfbench.executors"):
        try:
            executor: Executor = plugins.load("mfbench.executors", name)()
            for leftover in executor.leftovers(workspace.id, workspace.is_alive):
                found.items.append((executor, leftover))
        except MissingPluginError:  # its own package is not installed: then it has never run anything
            continue
        except MfbenchError as error:
            found.silent.append((name, error))
        except Exception as error:  # of an outside plug-in: it must not keep the others from being looked after
            found.silent.append((name, MfbenchError(f"{type(error).__name__}: {error}")))
    return found
