"""What the types of [register] cannot say."""

from __future__ import annotations

from mfbench.recipe.gates import parse_gate
from mfbench.recipe.loaded import Source
from mfbench.recipe.schema import Recipe

LEAST_ROWS = 10


def check_register(recipe: Recipe, source: Source) -> None:
    """Raises RecipeError for the first rule that is broken."""
    register = recipe.register
    if register is None:
        return
    if not 0.5 <= register.confidence <= 0.999:
        told = f"confidence: expected a share from 0.5 to 0.999, found {register.confidence:g}"
        raise source.error(("register", "confidence"), told, "0.95: one worse model in twenty may slip through")
    if register.min_rows < LEAST_ROWS:
        told = f"min_rows: expected at least {LEAST_ROWS}, found {register.min_rows}"
        raise source.error(("register", "min_rows"), told, "fewer rows than that show nothing")
    seen: set[str] = set()
    for i, text in enumerate(register.gates):
        try:
            parse_gate(text)
        except ValueError as error:
            raise source.error(("register", "gates", i), str(error)) from None
        if text in seen:
            raise source.error(("register", "gates", i), f"the gate {text!r} stands here twice")
        seen.add(text)
