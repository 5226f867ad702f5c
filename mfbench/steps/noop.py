"""A step that does nothing: what the engine itself costs."""

from __future__ import annotations

from mfbench.steps.context import StepContext


def run(ctx: StepContext) -> None:
    ctx.output("done").write_bytes(b"")
