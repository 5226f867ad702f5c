"""Where a run takes place: from the start to the first step, an image found again, a whole recipe.

Start to first step is read from the journal: from `run.started` to the first `step.started` of the worker, in a
recipe whose training takes no time, its environment being there already. Beside it stand what the engine and the
interpreter take by themselves: `docker run` of the same image, limits and all, with `python -c pass`; a bare
`python -c pass`.
"""

from __future__ import annotations

import json
import sys
from itertools import count
from pathlib import Path

from benchmarks.model import OURS, Measure, Row
from benchmarks.timing import ROOT, BenchError, interleave, mfbench_command, run

ROUNDS = 5
DEMO_ROUNDS = 2
EXECUTORS = ("local", "venv", "docker")
RECIPE = "recipes/flight-delay.toml"
TINY = """\
[recipe]
name = "tiny"
task = "classification"
[data]
source = "tiny.csv"
target = "bought"
[model]
estimator = "LogisticRegression"
[evaluate]
importance = false
"""
FIND = """\
import sys, time
from mfbench.executors.environment import Asked
from mfbench.executors.lock import default_lock
from mfbench.executors.docker.executor import DockerExecutor
asked = Asked(requirements=default_lock())
executor = DockerExecutor()
assert executor.find(asked) is not None
start = time.perf_counter()
assert DockerExecutor().find(asked) is not None
print(time.perf_counter() - start)
"""
INSPECT = """\
import sys, time, docker
client = docker.from_env()
client.api.inspect_image(sys.argv[1])
start = time.perf_counter()
docker.from_env().api.inspect_image(sys.argv[1])
print(time.perf_counter() - start)
"""


def measure(scratch: Path) -> list[Row]:
    """Rows by executor; those of Docker are errors where no engine answers."""
    project = scratch / "executors"
    project.mkdir()
    rows = [f"{i},{'abc'[i % 3]},{'yes' if i % 7 > i % 3 else 'no'}" for i in range(120)]
    (project / "tiny.csv").write_text("\n".join(["amount,shop,bought", *rows]) + "\n", encoding="utf-8")
    (project / "tiny.toml").write_text(TINY, encoding="utf-8")
    return [*_starts(project), _found(), *_demo(scratch)]


def _starts(project: Path) -> list[Row]:
    numbers = count()

    def once(executor: str) -> float:
        seed = ["--set", f"run.seed={next(numbers)}", "--set", f"model.C={next(numbers) + 1}"]
        command = [*mfbench_command(), "run", "tiny.toml", "--executor", executor, "--json", *seed]
        found = json.loads(run(command, cwd=project)[1].splitlines()[-1])
        return _until_first_step(project, found["run"])

    image = ""
    if (done := _try(lambda: once("docker"))) is None:
        image = _image(project)
    floors = {
        "python -c pass": lambda: run([sys.executable, "-c", "pass"])[0],
        "docker run": lambda: run(_bare(image))[0],
    }
    contestants = {name: (lambda name=name: once(name)) for name in EXECUTORS} | floors
    outcomes = interleave(contestants, rounds=ROUNDS, warmup=1)
    beside = {"local": "python -c pass", "venv": "python -c pass", "docker": "docker run"}
    return [
        Row(f"start to first step, {name}", "s",
            outcomes[name].measure(OURS, float) if name != "docker" or done is None else Measure(OURS, error=done),
            floors=(outcomes[floor].measure(floor, float),))
        for name, floor in beside.items()
    ]  # fmt: skip


def _until_first_step(project: Path, name: str) -> float:
    """Seconds from the driver's first event to the worker's; the environment's own step does not count."""
    from mfbench.journal.reader import read_events

    started = None
    for _, time, kind, *fields in read_events(project / ".mfbench" / "runs" / name / "events"):
        if kind == "run.started":
            started = time
        elif kind == "step.started" and started is not None and fields[0] != "environment" and len(fields) == 1:
            return float(time - started) / 1e6
    raise BenchError(f"run {name} has no step")


def _bare(image: str) -> list[str]:
    sealed = ["--network=none", "--read-only", "--cap-drop=ALL", "--init", "--tmpfs=/tmp", "--user=10001:10001"]
    return ["docker", "run", "--rm", *sealed, image, "python", "-c", "pass"]


def _image(project: Path) -> str:
    from mfbench.journal.reader import read_events

    [last] = sorted((project / ".mfbench" / "runs").iterdir())[-1:]
    [about] = [event[3] for event in read_events(last / "events") if event[2] == "run.started"]
    return str(json.loads((last / "job.json").read_text())["environment"] or about["environment"])


def _found() -> Row:
    def inspected() -> float:
        return float(run([sys.executable, "-c", INSPECT, "python:3.11-slim"])[1])

    found = interleave(
        {OURS: lambda: float(run([sys.executable, "-c", FIND])[1]), "one inspect": inspected}, rounds=ROUNDS
    )
    floor = found["one inspect"].measure("one inspect", lambda wall: wall * 1000)
    return Row("image found again", "ms", found[OURS].measure(OURS, lambda wall: wall * 1000), floors=(floor,))


def _demo(scratch: Path) -> list[Row]:
    numbers = count()

    def once(executor: str) -> tuple[float, float]:
        workspace = scratch / f"place-{next(numbers)}"
        workspace.mkdir()
        command = [*mfbench_command(), "run", RECIPE, "--workspace", str(workspace), "--executor", executor]
        return run(command, cwd=ROOT)[0], run(command, cwd=ROOT)[0]

    outcomes = interleave({"docker": lambda: once("docker"), "local": lambda: once("local")}, rounds=DEMO_ROUNDS)
    firsts = {name: outcome.measure(name, lambda walls: walls[0]) for name, outcome in outcomes.items()}
    cached = {name: outcome.measure(name, lambda walls: walls[1]) for name, outcome in outcomes.items()}
    return [
        Row("demo recipe in Docker, first time", "s", firsts["docker"], floors=(firsts["local"],)),
        Row("demo recipe in Docker, all cached", "s", cached["docker"], floors=(cached["local"],)),
    ]


def _try(work: object) -> str | None:
    try:
        work()  # type: ignore[operator]
    except BenchError as error:
        return str(error)
    return None
