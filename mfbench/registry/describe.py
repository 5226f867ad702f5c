"""Versions as plain rows, for lists."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from mfbench.registry.models import RegisteredModel, Version


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
        "origin": version.origin,
    }


def moment(microseconds: int) -> str:
    """ISO time in UTC, to the second."""
    return datetime.fromtimestamp(microseconds / 1e6, UTC).isoformat(timespec="seconds")
