"""What gates said of models, in the ledger: which model, on which held-out rows, against whom, with what result.

A test set wears out: the more models were judged on it, the likelier one of them passed by luck. So each model that
was judged is written down once for its rows, and counted.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mfbench.core.text import plural
from mfbench.journal.ledger import open_ledger
from mfbench.journal.line import pack_number

JUDGED = "model.judged"
_KEPT = ("name", "verdict", "passed", "observed", "bound", "note", "difference", "low", "high", "rows")


def record(ledger: Path, name: str, run: str, digest: str, judged: dict[str, Any]) -> int | None:
    """Writes what `judged` (as the gate step does) says of a bundle, unless it stands there already.

    Returns how many different models these held-out rows have judged, this one included; None without gates.
    """
    if not judged["gates"]:
        return None
    gates = [{key: _packed(gate.get(key)) for key in _KEPT} for gate in judged["gates"]]
    passed = all(gate["passed"] for gate in gates)
    body = {"model": name, "run": run, "digest": digest, "data": judged["data"], "against": judged["against"],
            "passed": passed, "gates": gates}  # fmt: skip
    with open_ledger(ledger) as writer:
        before = [entry for entry in writer.entries if entry.kind == JUDGED and entry.body["data"] == judged["data"]]
        if not any(_same(entry.body, body) for entry in before):
            refused = [gate["name"] for gate in gates if not gate["passed"]]
            told = f"refused by {plural(len(refused), 'gate')}: {'; '.join(refused)}" if refused else "passed"
            writer.append(JUDGED, body, reason=told)
    return len({digest, *(entry.body["digest"] for entry in before)})


def _same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """The same model of the same name, on the same rows, against the same champion, by the same gates.

    What was measured beside that, such as a time, may differ from one judgement to the next.
    """
    parts = ("model", "digest", "data", "against", "passed")
    names = [[gate["name"] for gate in body["gates"]] for body in (one, other)]
    return names[0] == names[1] and all(one[part] == other[part] for part in parts)


def _packed(value: Any) -> Any:
    return pack_number(value) if isinstance(value, float) else value
