"""What a run came to, in words."""

from __future__ import annotations

from mfbench.cli.common import cell, printable
from mfbench.core.text import plural, seconds
from mfbench.engine.result import RunResult

_ENDS = {"failed": "the run failed", "oom": "the run failed", "timeout": "the run timed out"}


def conclusion(result: RunResult) -> str:
    """Metrics, gates, and the last word with what to do next."""
    lines = []
    if result.metrics:
        lines.append("  " + "  ".join(f"{name} {cell(value)}" for name, value in result.metrics.items()))
    for gate in result.gates:
        verdict = gate["verdict"] if gate["passed"] else gate["verdict"].upper()
        bound = "" if gate["bound"] is None else f", needs {cell(gate['bound'])}"
        against = f" against {gate['against']}" if gate["against"] else ""
        note = f" ({gate['note']})" if gate["note"] else ""
        lines.append(f"  gate {gate['name']}: {verdict}, {cell(gate['observed'])}{bound}{against}{note}")
    return "\n".join([*lines, _last_word(result)])


def _last_word(result: RunResult) -> str:
    took = seconds((result.ended - result.started) / 1e6) if result.ended else ""
    work = [step for step in result.steps.values() if step["name"] != "register"]
    fresh = [step for step in work if not step["cached"]]
    ran = "nothing had to run" if work and not fresh else f"{plural(len(fresh), 'step')} ran in {took}"
    if result.model:
        name = f"{result.model['name']}:{result.model['version']}"
        verb = "registered as" if result.model["new"] else "registered already as"
        return f"{ran}; {verb} {name}\n  use it: mfbench score {name} FILE -o OUT"
    if result.refused:
        approve = f"a person may register it all the same: mfbench models approve {result.run} --reason TEXT"
        return f"{ran}; not registered: a gate did not let it pass\n  {approve}"
    if result.status == "finished":
        return f"{ran}; finished, nothing registered"
    error = result.error or {}
    text = _ENDS.get(result.status) or f"the run is {result.status}"
    # The user's own code wants its traceback; a library's refusal is its last line.
    own = error.get("own") and result.status != "oom"
    message = error.get("traceback") if own else error.get("message")
    where = f" ({error['where']})" if error.get("where") and not own else ""
    told = f"{text}{where}: {printable(str(message))}" if message else text
    hint = error.get("hint")
    if result.status == "stopped" and result.recipe:
        hint = f"go on with it: mfbench runs resume {result.run}"
    return f"{told}\n  {printable(hint)}" if hint else told
