"""Where a version comes from and where it went: data, run, version, deployments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mfbench.core.errors import DamageError, NotFoundError

if TYPE_CHECKING:
    from mfbench.api.modelling import Modelling


def lineage(bench: Modelling, reference: str) -> dict[str, Any]:
    """As `Workbench.model_lineage` says."""
    from mfbench.store.runs import show_run

    card = bench.model_card(reference)
    manifest = card.pop("manifest")
    card.pop("decided")
    try:
        run: dict[str, Any] | None = show_run(bench.workspace, bench.workspace.find_run(card["run"]))
    except (NotFoundError, DamageError):  # of another workspace, or deleted
        run = None
    return {
        "data": _data(run),
        "inputs": len(manifest["inputs"]),
        "features": list(manifest["features"]),
        "run": _run(run),
        "version": card,
        "deployments": [],
    }


def _data(run: dict[str, Any] | None) -> list[dict[str, Any]]:
    if run is None:
        return []
    source = run["params"].get("data.source", "")
    return [{"name": item["name"], "source": source if item["name"] == "source" else "", "digest": item["digest"],
             "rows": item["rows"]} for item in run["data"]]  # fmt: skip


def _run(run: dict[str, Any] | None) -> dict[str, Any] | None:
    if run is None:
        return None
    about = run["about"] or {}
    return {
        "run": run["run"],
        "name": run["name"],
        "status": run["status"],
        "recipe": run["recipe"],
        "file": about.get("file"),
        "overrides": list(about.get("overrides") or ()),
        "commit": run["params"].get("git.commit"),
    }
