"""What the search has tried."""

from __future__ import annotations

from typing import Any

from mfbench.core.text import plural, seconds
from mfbench.report import words
from mfbench.report.blocks import Block, Cell, Gallery, Name, Row, Section, Table, Text
from mfbench.report.figures.parallel import parallel
from mfbench.report.figures.search import complete, front, goal, history, importance

Values = dict[str, Any]
MOST = 10


def search(values: Values) -> Section | None:
    found = values["search"]
    if not found:
        return None
    blocks: list[Block] = [Text(_told(found))]
    if found["trials"]:
        blocks.append(Gallery(lambda: [history(found), front(found), parallel(found), importance(found)]))
    if complete(found):
        blocks.append(_best(found))
    failed = [trial for trial in found["trials"] if trial["state"] == "failed"]
    if failed:
        rows = [
            [str(trial["number"]), Name(words.prose(trial["error"], 200) or "no reason told")] for trial in failed[:10]
        ]
        blocks.append(Table(["trial", "error"], rows, left=2, title="Failed trials",
                            note=f"The first 10 of {len(failed)}." if len(failed) > 10 else ""))  # fmt: skip
    return Section("search", "Search", blocks)


def _told(found: Values) -> str:
    states = {state: sum(trial["state"] == state for trial in found["trials"]) for state in ("pruned", "failed")}
    told = f"{plural(len(found['trials']), 'trial')}"
    told += "".join(f", {count:,} {state}" for state, count in states.items() if count)
    how = [f"sampler {words.name(found['sampler'])}"] if found["sampler"] else []
    how += [f"pruner {words.name(found['pruner'])}"] if found["pruner"] not in ("", "none") else []
    how += [f"each judged on {plural(found['folds'], 'fold')} of the training rows"] if found["folds"] else []
    names = words.join([words.title(item["name"]) for item in found["objectives"]])
    return f"{told} for {names or 'one objective'}; {', '.join(how)}." if how else f"{told}."


def _best(found: Values) -> Table:
    """The best trials; with several objectives, those of the front."""
    done = complete(found)
    if len(found["objectives"]) > 1:
        best = [trial for trial in done if trial["number"] in set(found["front"])]
        title = "The front"
    else:
        sign = -1 if goal(found)["greater"] else 1
        best = sorted(done, key=lambda trial: (sign * trial["values"][0], trial["number"]))
        title = "The best trials"
    objectives = [words.title(item["name"]) for item in found["objectives"]] or ["value"]
    rows: list[Row] = []
    for trial in best[:MOST]:
        params = ", ".join(f"{words.name(key, 50)} = {words.name(value, 50)}" for key, value in trial["params"].items())
        values = [*trial["values"], *[None] * len(objectives)][: len(objectives)]
        took = seconds(trial["seconds"]) if words.known(trial["seconds"]) else ""
        strong = trial["number"] == found["best"]
        rows.append([Cell(str(trial["number"]), strong=strong), Name(words.name(params, 400)),
                     *(Cell(words.number(value), value, strong=strong) for value in values), took])  # fmt: skip
    note = (
        "The trial in use is set bold. It was chosen for this score, which flatters it: judge it by the held-out rows."
    )
    return Table(["trial", "params", *objectives, "took"], rows, left=2, title=title, note=note)
