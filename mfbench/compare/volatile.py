"""What two honest runs of a step write differently: times, and what is made of them. Everything else has to be equal.

Found by running the demo recipes twice and comparing every output.
"""

from __future__ import annotations

from typing import Any

TIMED = "latency_ms"  # the one resource that is measured by a clock

# Whole files, with the reason. trials.json holds the same trials, and is compared.
WHOLE = {("search", "study.log"): "Optuna's own journal writes the time of every trial and the process that ran it"}


def volatile(step: str, file: str, content: Any) -> dict[str, str]:
    """Patterns of paths in a JSON output of `step` that need not be equal, with the reason. content: what it holds."""
    if (step, file) == ("search", "trials.json"):
        return _trials(content)
    if (step, file) == ("gate", "gates.json"):
        return _gates(content)
    return {}


def _trials(content: Any) -> dict[str, str]:
    found = {r"trials\[\d+\]\.seconds": "how long a trial took"}
    for index, objective in enumerate(content["objectives"]):
        if objective["name"] == TIMED:
            why = f"{TIMED} is measured by the clock"
            found[rf"trials\[\d+\]\.values\[{index}\]"] = why
            if index == 0:
                found |= {r"trials\[\d+\]\.scores\[\d+\]": why, r"importance\..*": why}
    return found


def _gates(content: Any) -> dict[str, str]:
    """The figures of a gate on a time; its verdict has to be equal."""
    return {
        rf"gates\[{index}\]\.(observed|bound|difference|low|high|note)": f"{TIMED} is measured by the clock"
        for index, gate in enumerate(content["gates"])
        if str(gate["name"]).split()[0] == TIMED
    }
