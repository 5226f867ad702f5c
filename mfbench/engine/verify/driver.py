"""The driver of a verification: a run of its own that repeats every step of another and compares.

Nothing of it is taken from the step cache or goes there, and nothing is registered.
"""

from __future__ import annotations

import os
import shutil
import sys
from functools import partial
from pathlib import Path

import msgspec

from mfbench.core.about import __version__
from mfbench.core.errors import UsageError
from mfbench.core.text import parse_duration, plural
from mfbench.engine.outcome import Outcome
from mfbench.engine.place import ENVIRONMENT
from mfbench.engine.provenance import machine
from mfbench.engine.run import Report, Run
from mfbench.engine.verify.compare import COMPARE, compare, failed_step
from mfbench.engine.verify.environment import Again, code_changes, environment_for, executor_for
from mfbench.engine.verify.inputs import Source, changed_code, foreign_code, foreign_image, lay_code, variables_missing
from mfbench.engine.verify.recorded import Recorded
from mfbench.engine.verify.repeat import Repeat
from mfbench.engine.verify.unpinned import unpinned
from mfbench.executors.base import Executor
from mfbench.executors.warm import WarmWorker
from mfbench.journal.blobs import Blobs
from mfbench.recipe.environment import redact
from mfbench.recipe.loaded import LoadedRecipe
from mfbench.workspace.workspace import require

CODE_FOLDER = "recipe"  # in the run's folder: the run's own code


class VerifyRequest(msgspec.Struct, frozen=True, kw_only=True):
    """`workspace` is a folder. executor: a name; None for the one that comes nearest to where the run was. trust_code:
    whether code that came with a run from elsewhere may run outside of a container, or with a network."""

    workspace: str
    recorded: Recorded
    executor: str | None = None
    trust_code: bool = False


def drive_verification(request: VerifyRequest, report: Report) -> None:
    """Repeats and compares. Tells `report` the id of the run that does it, or an error."""
    recorded, workspace = request.recorded, require(request.workspace)
    missing = variables_missing(recorded)
    if missing:
        told = f"run {recorded.run} needs the environment variable {missing[0]}, which is not set"
        raise UsageError(told, hint=f"set what it was: export {missing[0]}=…")
    loaded, blobs = recorded.loaded(), Blobs(workspace.blobs)
    source = Source(recorded, workspace.cache / "sources")
    place = environment_for(recorded, loaded, executor_for(recorded, request.executor), workspace)
    if not request.trust_code:
        strange = foreign_code(recorded, loaded, blobs, workspace, place.asked.requirements)
        refuse_strange(recorded, strange, place.executor)
        image = foreign_image(recorded, place.asked, workspace)
        if image and place.executor.sealed:
            told = f"run {recorded.run} came from elsewhere and wants {image} below its environment"
            raise UsageError(told, hint="if you trust where it came from: --trust-code; or take --executor venv")
    plan = Repeat(recorded, source, blobs)
    cpus = int(recorded.about["cpus"])
    warm = None if place.executor.installs else WarmWorker(partial(_leave, Path(recorded.folder), workspace.root), cpus)
    about = {
        "name": f"verify {recorded.about['name']}",
        "recipe": None,
        "verifies": recorded.run,
        "executor": place.executor.name,
        "environment": place.told,
        "tags": {},
        "seed": recorded.about["seed"],
        "cpus": cpus,
        "memory": recorded.job.memory,
        "variables": recorded.about.get("variables", []),
        "steps": [*(() if place.environment else [ENVIRONMENT]), *(step.name for step in plan.steps), COMPARE],
        **machine(),
    }
    run = Run(workspace, plan.steps, plan.hits, about, report, remember=False)
    run.end(lambda: _work(run, recorded, loaded, source, place, plan, warm))


def refuse_strange(recorded: Recorded, strange: list[str], executor: Executor) -> None:
    """Raises UsageError for code of strangers that could do harm there."""
    if not strange or (executor.sealed and not recorded.job.network):
        return
    told = f"run {recorded.run} came from elsewhere with code of its own, which would run here: {strange[0]}"
    hint = "if you trust where it came from: --trust-code"
    if executor.sealed:
        told = told.replace("here", "with a network, your variables and secrets")
    else:
        hint = f"seal it: --executor docker; or {hint}"
    raise UsageError(told, hint=hint)


def _leave(folder: Path, home: Path) -> bytes:
    """Forgets the recipe's folder, in the process that will be the worker: its code there may be another by now."""
    sys.path[:] = [path for path in sys.path if Path(path).resolve() != folder]
    os.chdir(home)  # where nothing can be imported, by what the worker starts neither
    return b""


def _work(
    run: Run, recorded: Recorded, loaded: LoadedRecipe, source: Source, place: Again, plan: Repeat,
    warm: WarmWorker | None,
) -> Outcome:  # fmt: skip
    notes = _before(run, recorded, loaded, source)
    if place.environment is None:
        place.make(run)
    assert place.environment is not None
    if not place.executor.installs:
        notes.append("no environment was made: it ran in this interpreter, with what is installed here")
    loose = unpinned(recorded, place, run.blobs)
    folder = run.folder.resolve() / CODE_FOLDER
    remarks, links = lay_code(recorded, loaded, run.blobs, folder)
    for text in remarks:
        run.writer.write("log", "info", text)
    reads = (*(str(file.resolve()) for file in source.files), *links, str(folder))
    job = msgspec.structs.replace(
        recorded.job, recipe_folder=str(folder), environment=place.environment.place, given=plan.given,
        reads=tuple(redact(path, set(recorded.job.variables)) for path in reads),
    )  # fmt: skip
    timeout = loaded.recipe.run.timeout
    try:
        run.execute(place.executor, warm, job, parse_duration(timeout) if timeout else None)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    failed = failed_step(run)
    if run.stopping or (run.outcome.status != "finished" and failed is None):
        return run.outcome
    found = compare(run, recorded, plan, failed, source.changed is None)
    told = {
        "since": found.since,
        "steps": msgspec.to_builtins(found.steps),
        "metrics": found.metrics,
        "compared_metrics": found.compared_metrics,
        "notes": [*notes, *remarks],
        "left_out": found.left_out,
        "unpinned": loose,
        "environment": place.told,
    }
    run.writer.write("verified", recorded.run, found.verdict, found.step, found.findings, told)
    return Outcome("finished")


def _before(run: Run, recorded: Recorded, loaded: LoadedRecipe, source: Source) -> list[str]:
    """What is known before anything is repeated: said at once, and again with the result."""
    notes = []
    if source.gone:
        notes.append(f"ingest cannot be repeated: {source.gone}; the other steps start from what it made then")
    elif source.changed:
        notes.append(f"the data is not what it was: {source.changed}")
    elif not changed_code(recorded, loaded, run.blobs):
        step = code_changes(recorded, loaded, run.workspace.cache / "sources")
        before = recorded.about.get("mfbench")
        if step is not None:
            which = f"{before}, now {__version__}" if before != __version__ else str(before)
            notes.append(f"what step {step} runs is not what it was: mfbench's own code has changed ({which})")
    if recorded.cached:
        of = plural(len(recorded.job.steps), "step")
        notes.append(f"{len(recorded.cached)} of {of} had come from the step cache: compared is what they made then")
    for text in notes:
        run.writer.write("log", "warning" if "is not what it was" in text else "info", text)
    return notes
