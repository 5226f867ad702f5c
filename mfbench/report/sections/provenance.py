"""What is needed to repeat the run, and what is not in its report."""

from __future__ import annotations

from typing import Any

from mfbench.core.text import environment_words, plural, seconds, taken
from mfbench.report import words
from mfbench.report.blocks import Block, Cell, Name, Notes, Section, Source, Table, Text

Values = dict[str, Any]


def provenance(values: Values) -> Section | None:
    facts = [(key, value) for key, value in _facts(values) if value]
    blocks: list[Block] = [Table(["", ""], [[key, Name(value)] for key, value in facts], left=2)]
    steps = [step for step in values["steps"] if step["step"]]
    if steps:
        rows = [[words.name(s["step"], 40), words.name(s["status"], 20), "cached" if s["cached"] else "",
                 Cell(seconds(s["seconds"]) if words.known(s["seconds"]) else "", s["seconds"])]
                for s in steps]  # fmt: skip
        blocks.append(Table(["step", "status", "", "took"], rows, left=3, title="Steps", page_only=True))
    recipe = values["recipe"] or {}
    if recipe.get("text"):
        blocks.append(Source("Recipe", words.block(recipe["text"])))
    params = sorted(values["params"].items())
    if params:
        lines = "\n".join(f"{words.name(key, 120)} = {words.name(value, 400)}" for key, value in params[:1000])
        blocks.append(Source(plural(len(params), "param"), lines, folded=recipe.get("text") is not None))
    environment = values["provenance"]["environment"]
    if environment:
        lines = "\n".join(f"{words.name(key)}=={words.name(version)}" for key, version in sorted(environment.items()))
        blocks.append(Source(plural(len(environment), "installed package"), lines, folded=True))
    return Section("provenance", "Provenance", blocks)


def _facts(values: Values) -> list[tuple[str, str]]:
    run, facts = values["run"], values["provenance"]
    model = values["model"]
    took = f"{seconds(run['seconds'])}" if words.known(run["seconds"]) else ""
    libraries = ", ".join(f"{words.name(k, 40)} {words.name(v, 40)}" for k, v in facts["libraries"].items())
    tags = ", ".join(f"{words.name(k, 60)}={words.name(v, 60)}" for k, v in (run["tags"] or {}).items())
    overrides = (values["recipe"] or {}).get("overrides") or []
    return [
        ("run", words.name(run["run"])),
        ("status", words.name(run["status"])),
        ("model", f"{words.name(model['name'])}:{model['version']}" if model else ""),
        ("started", words.moment(run["started"]) if run["started"] else ""),
        ("took", took),
        ("executor", words.name(run["executor"]) if run["executor"] else ""),
        ("chosen because", words.prose(run["chosen"])),
        ("environment", words.prose(environment_words(run["environment"]))),
        ("most memory", taken(None, run["peak_memory"], limit=run["limit"])),
        ("mean cpu", taken(run["mean_cpu"], None, cpus=run["cpus"])),
        ("host", words.name(run["host"]) if run["host"] else ""),
        ("by", words.name(facts["actor"]) if facts["actor"] else ""),
        ("tags", tags),
        ("laid over the recipe", words.prose(" ".join(str(item) for item in overrides))),
        ("code", _code(facts)),
        ("data", ", ".join(words.name(item["digest"], 64) for item in values["data"] if item["digest"])),
        ("seed", "" if facts["seed"] is None else words.name(facts["seed"])),
        ("Python", words.name(facts["python"]) if facts["python"] else ""),
        ("system", words.prose(f"{facts['system'] or ''} {facts['machine'] or ''}".strip())),
        ("mfbench", words.name(facts["mfbench"]) if facts["mfbench"] else ""),
        ("libraries", libraries),
    ]


def _code(facts: Values) -> str:
    if not facts["commit"]:
        return ""
    state = {True: ", with uncommitted changes" + (" (kept with the run)" if facts["patch"] else ""), False: ""}
    return f"git {words.name(facts['commit'], 64)}{state.get(facts['dirty'], '')}"


def absent(values: Values) -> Section | None:
    """What is missing is said, so that nobody takes silence for good news."""
    blocks: list[Block] = []
    if values["run"]["script"]:
        blocks.append(Text("A script recorded this run: there is what it logged, and nothing that a recipe adds."))
    told = [*values["missing"], *(words.prose(problem) for problem in values["problems"])]
    if told:
        blocks.append(Notes([item[:1].upper() + item[1:] + "." for item in told]))
    return Section("absent", "Not in this report", blocks)
