"""The first paragraph: how good, how sure, against what, where weak, and whether it passed its gates."""

from __future__ import annotations

from typing import Any

from mfbench.core.text import plural
from mfbench.report import words

Values = dict[str, Any]


def summary(values: Values) -> list[str]:
    """Sentences of plain text, in the order in which a reader asks."""
    told = [_status(values), *_leakage(values), *_quality(values), *_weakness(values), *_gates(values), _end(values)]
    return [sentence for sentence in told if sentence]


def headline(values: Values) -> str | None:
    """The metric that stands for the run: the recipe's first, else the best known."""
    metrics = values["metrics"]
    wanted = (values["recipe"] or {}).get("metrics") or []
    return next((key for key in (*wanted, *metrics) if key in metrics), None)


def _status(values: Values) -> str:
    status, error = values["run"]["status"], words.prose(values["run"]["error"])
    if status == "finished":
        return ""
    if status == "running":
        return "This run is still going: what follows is what it has written so far."
    how = {"failed": "failed", "stopped": "was stopped", "timeout": "ran out of time", "oom": "ran out of memory",
           "lost": "was lost: its process died"}.get(str(status), f"ended as {words.name(status)}")  # fmt: skip
    return f"This run {how}{f': {error}' if error else ''}{'' if error.endswith('.') else '.'}"


def _leakage(values: Values) -> list[str]:
    alarms = [leak for leak in values["leakage"] or [] if leak["level"] == "alarm"]
    if not alarms:
        return []
    names = words.join([words.name(leak["name"]) for leak in alarms[:3]])
    return [f"Look first at {plural(len(alarms), 'leakage alarm')} ({names}): the figures below may be too good."]


def _quality(values: Values) -> list[str]:
    key = headline(values)
    if key is None:
        return []
    item, evaluation = values["metrics"][key], values["evaluation"] or {}
    title = words.title(key)
    if not words.known(item["value"]):
        return [f"{_first(title)} is not defined for this run."]
    value, low, high = words.estimate(item["value"], item["low"], item["high"])
    if values["run"]["script"]:
        return [f"Its last {title} is {value}."]
    rows = evaluation.get("rows")
    held = f"On {plural(rows, 'held-out row')}" if rows is not None else "On the held-out rows"
    sure = f" ({_percent(evaluation)} interval {low} to {high}{_unit(evaluation)})" if low != words.NOTHING else ""
    return [f"{held} its {title} is {value}{sure}.", *_against(values, key, item)]


def _percent(evaluation: Values) -> str:
    return f"{evaluation.get('confidence', 0.95) * 100:g} %"


def _unit(evaluation: Values) -> str:
    unit, units = evaluation.get("unit"), evaluation.get("units")
    if not unit or unit == "row":
        return ""
    return f", resampled by {words.name(unit, 40)}{f', {units:,} of them' if units else ''}"


def _against(values: Values, key: str, item: Values) -> list[str]:
    told = []
    if words.known(item["baseline"]):
        sign = 1 if item["greater"] else -1
        edge = item["low"] if item["greater"] else item["high"]
        edge = edge if words.known(edge) else item["value"]
        better = sign * (edge - item["baseline"]) > 0
        dummy = (
            "A dummy that knows no feature" if values["evaluation"]["task"] != "forecasting" else "The naive forecast"
        )
        verdict = "" if better else ", and the model is not clearly better than that"
        told.append(f"{dummy} scores {words.number(item['baseline'])}{verdict}.")
    gates = values["gates"] or {}
    champion = (gates.get("champion_metrics") or {}).get(key)
    if champion and words.known(champion["value"]):
        told.append(f"The champion {words.name(gates.get('against'))} scores {words.number(champion['value'])} "
                    f"on the rows of the gates{_rows(gates)}.")  # fmt: skip
    return told


def _rows(gates: Values) -> str:
    return f" ({gates['rows']:,})" if gates.get("rows") is not None else ""


def _weakness(values: Values) -> list[str]:
    weak = (values["evaluation"] or {}).get("weak")
    if not weak:
        return []
    found = [segment for segment in weak["found"] if segment["confirmed"]]
    if not found:
        return [f"Of {plural(weak['looked_at'], 'segment')} that were looked at none is reliably worse than the rest."]
    # One that holds most rows says little: the others are few and easy. It stands here only where there is no other.
    small = [segment for segment in found if words.known(segment["share"]) and segment["share"] <= 0.5]
    worst = max(small or found, key=lambda item: abs(item["difference"]) if words.known(item["difference"]) else 0.0)
    more = (
        f" {plural(len(found) - 1, 'other segment')} {'is' if len(found) == 2 else 'are'} confirmed as weak."
        if len(found) > 1
        else ""
    )
    return [
        f"It is weakest where {words.name(worst['where'], 120)} ({words.share(worst['share'])} of the rows): "
        f"{words.title(weak['metric'])} {words.number(worst['value'])}, elsewhere {words.number(worst['rest'])}.{more}"
    ]


def _gates(values: Values) -> list[str]:
    gates = (values["gates"] or {}).get("gates") or []
    if not gates:
        return []
    told = []
    # An undecided gate may let a model through, and has not been passed for all that.
    failed = [gate for gate in gates if not gate["passed"] or gate["verdict"] == "unknown"]
    if not failed:
        how = {1: "its gate", 2: "both of its gates"}.get(len(gates), f"all of its {len(gates)} gates")
        told.append(f"It passed {how}.")
    elif len(failed) < len(gates):
        told.append(f"It passed {len(gates) - len(failed)} of its {len(gates)} gates.")
    for gate in failed[:3]:
        undecided = gate["verdict"] == "unknown"
        verb = "is undecided" if undecided else "refused it"
        bound = f", needs {words.number(gate['bound'])}" if words.known(gate["bound"]) else ""
        note = f"; {words.prose(gate['note'], 160)}" if gate["note"] else ""
        told.append(f"The gate {words.name(gate['name'])} {verb}: {words.number(gate['observed'])}{bound}{note}.")
    if len(failed) > 3:
        told.append(f"{len(failed) - 3} more gates did not pass.")
    used = (values["gates"] or {}).get("used")
    if used and used > 1:
        told.append(
            f"{plural(used, 'model')} have been judged on this test set so far: the more, the luckier the best."
        )
    return told


def _end(values: Values) -> str:
    model, run = values["model"], values["run"]
    if model:
        name = f"{words.name(model['name'])}:{model['version']}"
        if model["approved_by"]:
            why = f": {words.prose(model['reason'], 200)}" if model["reason"] else ""
            return f"Registered as {name} by {words.name(model['approved_by'])}{why}."
        return f"Registered as {name}."
    if run["script"] or run["status"] != "finished":
        return ""
    refused = any(not gate["passed"] for gate in (values["gates"] or {}).get("gates") or [])
    return "Not registered: it was refused." if refused else "Not registered: the recipe does not ask for it."


def _first(text: str) -> str:
    return text[:1].upper() + text[1:]
