"""Versions and what the ledger says of them as plain values, for lists."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from mfbench.journal.ledger import Entry
from mfbench.registry.models import RegisteredModel, Version
from mfbench.stats.metrics import usual_order


def describe(models: dict[str, RegisteredModel]) -> list[dict[str, Any]]:
    """Every version of every model, newest first."""
    versions = [(version, model) for model in models.values() for version in model.versions.values()]
    versions.sort(key=lambda item: (item[0].registered, item[0].number), reverse=True)
    return [describe_version(version, model.aliases_of(version.number)) for version, model in versions]


def describe_version(version: Version, aliases: list[str]) -> dict[str, Any]:
    return {
        "name": version.model,
        "version": version.number,
        "digest": version.digest,
        "aliases": aliases,
        "run": version.run,
        "registered": moment(version.registered),
        "actor": version.actor,
        "reason": version.reason,
        "metrics": version.metrics,
        "metric": next(iter(usual_order(version.metrics)), None),  # the one to name first
        "origin": version.origin,
    }


def moment(microseconds: int) -> str:
    """ISO time in UTC, to the second."""
    return datetime.fromtimestamp(microseconds / 1e6, UTC).isoformat(timespec="seconds")


def plain(entry: Entry) -> dict[str, Any]:
    """An entry: time, kind, actor, reason, what (in words), then what it holds."""
    about = {"time": moment(entry.time), "kind": entry.kind, "actor": entry.actor, "reason": entry.reason}
    return {**about, "what": told(entry.kind, entry.body), **entry.body}


def told(kind: str, body: dict[str, Any]) -> str:
    """An entry of the ledger in a few words."""
    if kind == "model.version":
        return f"version {body['version']} registered from run {body['run']}"
    if kind == "model.alias" and body["version"] is None:
        return f"alias {body['alias']} removed from version {body['previous']}"
    if kind == "model.alias":
        moved = f", moved from version {body['previous']}" if body["previous"] else ""
        return f"alias {body['alias']} set to version {body['version']}{moved}"
    if kind == "model.judged":
        against = f" against {body['against']}" if body["against"] else ""
        return f"run {body['run']} {'passed' if body['passed'] else 'was refused by'} its gates{against}"
    if kind == "model.approval":
        over = "; ".join(gate["name"] for gate in body["overrides"])
        return f"version {body['version']} approved from run {body['run']}, over: {over}"
    if kind == "drift.report":
        told = f"drift of version {body.get('version')}: {body.get('alarms')} of {body.get('windows')} windows alarmed"
        return f"{told}, report {body.get('id')}"
    if kind == "drift.alert":
        sent = "sent" if body.get("ok") else "not sent"
        return f"{body.get('kind')} alert ({body.get('state')}) {sent} to {body.get('channel')}"
    if kind == "drift.mitigation":
        return f"run {body.get('run')} of {body.get('recipe')} begun after report {body.get('report')}"
    return kind
