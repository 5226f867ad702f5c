"""The model card: what a person should know before using the model, made from facts alone."""

from __future__ import annotations

from mfbench.bundle.manifest import Field


def model_card(
    *,
    name: str,
    description: str,
    task: str,
    target: str,
    classes: list[object],
    estimator: str,
    params: dict[str, object],
    rows: dict[str, int],
    split: str,
    metrics: dict[str, float],
    inputs: list[Field],
    columns: list[tuple[str, str, str]],
    decision: str | None = None,
) -> str:
    """Markdown. `columns`: (feature, kind, why) for every column that was looked at; `decision`: how the positive
    class is decided on, where the recipe says so."""
    lines = [f"# {name}", ""]
    if description:
        lines += [description, ""]
    lines += [f"- Task: {task} of `{target}`"]
    if classes:
        shown = ", ".join(f"`{label}`" for label in classes)
        positive = f"; positive: `{classes[-1]}`" if len(classes) == 2 else ""
        lines += [f"- Classes: {shown}{positive}"]
    if decision:
        lines += [f"- Decision: {decision}"]
    settings = ", ".join(f"{key}={value}" for key, value in sorted(params.items())) or "the library's defaults"
    lines += [f"- Estimator: {estimator} ({settings})"]
    counts = ", ".join(f"{count:,} {part}" for part, count in rows.items())
    lines += [f"- Rows: {counts}; split: {split}", "", "## Quality on the held-out rows", ""]
    lines += ["| metric | value |", "| --- | --- |", *(f"| {key} | {value:.6g} |" for key, value in metrics.items())]
    lines += ["", "## Inputs", "", "| column | type | may be missing |", "| --- | --- | --- |"]
    lines += [f"| {field.name} | {field.dtype} | {'yes' if field.nullable else 'no'} |" for field in inputs]
    lines += ["", "## Features", "", "| feature | kind | why |", "| --- | --- | --- |"]
    lines += [f"| {feature} | {kind} | {why} |" for feature, kind, why in columns]
    lines += ["", "## Limits", "", "- Made for rows like those it was trained on; look for drift before relying on it."]
    return "\n".join(lines) + "\n"
