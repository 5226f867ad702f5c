"""What people do with the queue: put runs into it, take them out, put them in another order, let it pause."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from mfbench.core.errors import DamageError, FitError, NotFoundError, UsageError, from_os
from mfbench.core.files import fsync
from mfbench.core.ids import new_id
from mfbench.core.machine import actor
from mfbench.core.plugins import load as load_plugin
from mfbench.engine.plan import check_names
from mfbench.engine.queue.claim import recover
from mfbench.executors.auto import AUTO
from mfbench.recipe.load import load_recipe
from mfbench.recipe.loaded import LoadedRecipe
from mfbench.workspace.queue import PAUSED, Entry, editing, folder_of, max_parallel, path_of, read_queue, write_entry
from mfbench.workspace.workspace import Workspace


def checked(recipe: Path, overrides: Sequence[str] = (), executor: str | None = None) -> LoadedRecipe:
    """The recipe that is to be queued. Raises all that can be known to be wrong without its data."""
    loaded = load_recipe(recipe, tuple(overrides))
    try:
        check_names(loaded)
    except FitError as error:
        raise loaded.error(error.key, error.message, error.hint) from None
    wanted = executor or loaded.recipe.run.executor
    if wanted != AUTO:
        load_plugin("mfbench.executors", wanted)
    return loaded


def enqueue(
    workspace: Workspace,
    loaded: LoadedRecipe,
    overrides: Sequence[str] = (),
    executor: str | None = None,
    name: str | None = None,
) -> Entry:
    """Puts a run at the end of the queue; it is on the disk when this returns."""
    max_parallel(workspace)  # else nobody would ever start it
    with editing(workspace):
        entries, _ = read_queue(workspace)
        entry = Entry(
            id=new_id(),
            recipe=str(loaded.source.path.absolute()),
            text=loaded.source.text,
            overrides=tuple(overrides),
            executor=executor,
            name=name,
            folder=os.getcwd(),  # noqa: PTH109
            queued=time.time(),
            actor=actor(),
            place=entries[-1].place + 1 if entries else 0.0,
        )
        write_entry(workspace, entry)
    return entry


def cancel(workspace: Workspace, words: Sequence[str]) -> list[str]:
    """Takes entries out, all or none: their ids. Raises NotFoundError, also for one whose run has begun."""
    with editing(workspace):
        ids = _ids(workspace, words)
        try:
            for one in ids:
                path_of(workspace, one).unlink(missing_ok=True)
            fsync(folder_of(workspace))
        except OSError as error:
            raise from_os(error, "the run cannot be taken out of the queue") from error
    return ids


def retry(workspace: Workspace, words: Sequence[str]) -> list[str]:
    """Lets entries that could not be started wait again, in the places that they had: their ids."""
    with editing(workspace):
        for entry in (found := [_readable(workspace, one) for one in _ids(workspace, words)]):
            if entry.state != "failed":
                raise UsageError(f"{entry.id} has not failed: it waits", hint="see: mfbench queue")
        for entry in found:
            write_entry(workspace, msgspec.structs.replace(entry, state="waiting", error=None))
    return [entry.id for entry in found]


def move(workspace: Workspace, word: str, *, first: bool = False, last: bool = False, before: str | None = None) -> str:
    """Gives an entry another place: its id. Exactly one of `first`, `last` and `before` (an entry) says which."""
    if first + last + (before is not None) != 1:
        raise UsageError("say where to: first, last, or before another entry")
    with editing(workspace):
        moved = _readable(workspace, _ids(workspace, [word])[0])
        others = [entry for entry in read_queue(workspace)[0] if entry.id != moved.id]
        index = 0 if first else len(others)
        if before is not None:
            found = _readable(workspace, _ids(workspace, [before])[0])
            if found.id == moved.id:
                raise UsageError(f"{found.id} cannot stand before itself")
            index = others.index(found)
        write_entry(workspace, msgspec.structs.replace(moved, place=_place(workspace, others, index)))
    return moved.id


def pause(workspace: Workspace, paused: bool) -> None:
    """From when this returns nothing is started from the queue, or it may be again. What runs goes on."""
    with editing(workspace):
        marker = folder_of(workspace) / PAUSED
        try:
            if paused:
                marker.touch()
            else:
                marker.unlink(missing_ok=True)
            fsync(folder_of(workspace))
        except OSError as error:
            raise from_os(error, "the queue cannot be changed") from error


def change(workspace: Workspace, entry: str, how: Callable[[Entry], Entry]) -> None:
    """Changes an entry unless it was taken or cancelled meanwhile."""
    with editing(workspace):
        recover(workspace)
        found = next((one for one in read_queue(workspace)[0] if one.id == entry), None)
        if found is not None:
            write_entry(workspace, how(found))


def _place(workspace: Workspace, others: list[Entry], index: int) -> float:
    """A number between two neighbours; where there is none left, those behind move on, the last one first."""
    if not others:
        return 0.0
    if index == len(others):
        return others[-1].place + 1
    after = others[index].place
    if index == 0:
        return after - 1
    middle = (others[index - 1].place + after) / 2
    if others[index - 1].place < middle < after:
        return middle
    far = others[-1].place + len(others) + 2
    for entry in reversed(others[index:]):
        write_entry(workspace, msgspec.structs.replace(entry, place=far))
        far -= 1
    return far


def _readable(workspace: Workspace, entry: str) -> Entry:
    entries, damaged = read_queue(workspace)
    if entry in damaged:
        raise DamageError(damaged[entry].message, where=damaged[entry].where, hint=damaged[entry].hint)
    return next(one for one in entries if one.id == entry)


def _ids(workspace: Workspace, words: Sequence[str]) -> list[str]:
    """The ids that words mean: whole ones, or unique beginnings or ends. Under `editing`."""
    recover(workspace)
    entries, damaged = read_queue(workspace)
    known = [*(entry.id for entry in entries), *damaged]
    found = []
    for word in words:
        near = [one for one in known if one == word] or [one for one in known if word and _is_part(word, one)]
        if len(near) > 1:
            hint = "among them: " + ", ".join(near[-5:])
            raise NotFoundError(f"{word!r} means {len(near)} entries of the queue", hint=hint)
        if not near:
            hint = "see: mfbench queue; a run that has begun is ended with: mfbench runs stop RUN"
            raise NotFoundError(f"{word!r} is not in the queue", hint=hint)
        found.append(near[0])
    return list(dict.fromkeys(found))


def _is_part(word: str, entry: str) -> bool:
    return entry.startswith(word) or entry.endswith(word)
