"""What is told of one version of a model, as text: card, gates, history, lineage, approvals. Made in a thread."""

from __future__ import annotations

from typing import Any

from rich.text import Text

from mfbench_tui.text import clock, glyph, number, safe, size, status_text

Values = dict[str, Any]
_MANY = 200  # lines of one list


def card(found: Values) -> Text:
    """found: of `Workbench.model_card`."""
    about, text = found["manifest"], Text()
    _facts(text, [
        ("version", f"{found['name']}:{found['version']}"), ("aliases", ", ".join(found["aliases"]) or "none"),
        ("registered", clock(found["registered"])), ("by", found["actor"]), ("why", found["reason"]),
        ("run", found["run"]), ("digest", found["digest"][:16]), ("task", f"{about['task']} of {about['target']}"),
        ("estimator", f"{about['estimator']} ({about['flavor']})"),
        ("classes", ", ".join(safe(label, 40) for label in about["classes"][:20])),
        ("threshold", number(about["threshold"])), ("python", about["python"]),
    ])  # fmt: skip
    _head(text, "metrics")
    _facts(text, [(key, number(value)) for key, value in about["metrics"].items()])
    trained = about["trained"]["rows"] if about["trained"] else None
    _head(text, "trained on" if trained is not None else "", "" if trained is None else f"{trained:,} rows")
    _head(text, "inputs", f"{len(about['inputs']):,}")
    _lines(text, [f"{safe(one['name'], 60)}  {one['dtype']}{', may be missing' if one['nullable'] else ''}"
                  for one in about["inputs"]])  # fmt: skip
    _head(text, "outputs", f"{len(about['outputs']):,}")
    _lines(text, [f"{safe(one['name'], 60)}  {one['dtype']}" for one in about["outputs"]])
    _head(text, "features", f"{len(about['features']):,}")
    _lines(text, [", ".join(safe(name, 60) for name in about["features"][:_MANY])])
    _head(text, "files", f"{len(about['files']):,}")
    _lines(text, [f"{size(one['bytes']):>9}  {safe(name)}" for name, one in about["files"].items()])
    return text


def gates(found: Values) -> Text:
    """Each judgement of this bundle with its numbers, the latest first."""
    text = Text()
    for entry in reversed([entry for entry in found["decided"] if entry["kind"] == "model.judged"]):
        against = f" against {entry['against']}" if entry["against"] else ""
        _head(text, f"run {safe(entry['run'])}{safe(against)}", clock(entry["time"]))
        for gate in entry["gates"]:
            _gate(text, gate)
    return text if text.plain else Text("No gate has judged this version.", style="dim")


def _gate(text: Text, gate: Values) -> None:
    text.append_text(status_text(gate["verdict"] or ("passed" if gate["passed"] else "refused")))
    text.append(f"  {safe(gate['name'], 200)}\n", style="bold")
    numbers = [("observed", gate["observed"]), ("needs", gate["bound"]), ("difference", gate["difference"])]
    told = "   ".join(f"{what} {number(value)}" for what, value in numbers if value is not None)
    if told:
        text.append(f"    {told}\n")
    if gate["low"] is not None and gate["high"] is not None:
        of = "difference" if gate["difference"] is not None else "metric"
        text.append(f"    95 % of the {of}: {number(gate['low'])} to {number(gate['high'])}\n")
    if gate["note"]:
        text.append(f"    {safe(gate['note'], 300)}\n", style="dim")


def history(rows: list[Values]) -> Text:
    """rows: of `Workbench.model_history`; the latest first."""
    text = Text()
    for row in list(reversed(rows))[:_MANY]:
        text.append(f"{clock(row['time'])}  ", style="dim")
        text.append(f"{safe(row['actor'], 60)}\n", style="bold")
        text.append(f"  {safe(row['what'], 400)}\n")
        if row["reason"]:
            text.append(f"  why: {safe(row['reason'], 400)}\n", style="dim")
    if len(rows) > _MANY:
        text.append(f"and {len(rows) - _MANY:,} earlier ones", style="dim")
    return text


def approvals(found: Values) -> Text:
    """Who registered this version over which gates, and why."""
    text = Text()
    for entry in [entry for entry in found["decided"] if entry["kind"] == "model.approval"]:
        _head(text, f"{safe(entry['actor'], 60)}", clock(entry["time"]))
        text.append(f"  why: {safe(entry['reason'], 400)}\n  over\n")
        for gate in entry["overrides"]:
            text.append(f"    {glyph('refused')} {safe(gate['name'], 200)}", style="yellow")
            text.append(f"   observed {number(gate['observed'])}, needs {number(gate['bound'])}\n")
    return text if text.plain else Text("Nobody had to approve this version: it passed its gates, or had none.", "dim")


def lineage(found: Values) -> Text:
    """A line of descent, from data to deployment, as a tree."""
    run, version, text = found["run"], found["version"], Text()
    rows = [f"{safe(one['source'] or one['name'], 80)}: {one['rows'] or 0:,} rows, {one['digest'][:12]}"
            for one in found["data"]]  # fmt: skip
    _node(text, "data", "", rows or ["not known here"])
    names = ", ".join(safe(name, 40) for name in found["features"][:12])
    more = " …" if len(found["features"]) > 12 else ""
    _node(text, "features", f"{found['inputs']:,} inputs, {len(found['features']):,} features", [names + more])
    if run is None:
        _node(text, "run", version["run"], ["not in this workspace"])
    else:
        changed = [f"with {safe(word, 80)}" for word in run["overrides"]]
        commit = [f"commit {safe(run['commit'], 12)}"] if run["commit"] else []
        file = f"recipe {safe(run['recipe'])}" + (f" ({safe(run['file'], 80)})" if run["file"] else "")
        _node(text, "run", f"{run['run']} {glyph(run['status'])} {run['status']}", [file, *changed, *commit])
    _node(text, "version", f"{version['name']}:{version['version']}",
          [version["digest"][:12], f"{clock(version['registered'])} by {safe(version['actor'], 60)}"])  # fmt: skip
    _node(text, "aliases", ", ".join(version["aliases"]) or "none", [])
    _node(text, "deployments", f"{len(found['deployments'])}" if found["deployments"] else "none yet", [], last=True)
    return text


def _node(text: Text, what: str, told: str, lines: list[str], *, last: bool = False) -> None:
    text.append("└─ " if last else "├─ ", style="dim")
    text.append(what, style="bold")
    text.append(f"  {safe(told)}\n")
    for line in lines:
        text.append("   " if last else "│  ", style="dim")
        text.append(f"  {safe(line)}\n")


def _head(text: Text, title: str, told: str = "") -> None:
    if title:
        text.append("\n" if text.plain else "")
        text.append(title, style="bold")
        text.append(f"  {told}\n", style="dim")


def _facts(text: Text, facts: list[tuple[str, Any]]) -> None:
    width = max((min(len(key), 24) for key, _ in facts), default=0)
    for key, value in facts:
        if value:
            text.append(f"{safe(key, 60):<{width}}  ", style="dim")
            text.append(f"{safe(value, 400)}\n")


def _lines(text: Text, lines: list[str]) -> None:
    for line in lines[:_MANY]:
        text.append(f"  {safe(line)}\n")
    if len(lines) > _MANY:
        text.append(f"  and {len(lines) - _MANY:,} more\n", style="dim")
