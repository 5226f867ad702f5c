"""What the types of a recipe cannot say and the data is not needed for."""

from __future__ import annotations

import re

from mfbench.core.plugins import IN_TREE, names
from mfbench.core.text import did_you_mean
from mfbench.recipe.loaded import Key, Source
from mfbench.recipe.rules_data import check_data
from mfbench.recipe.rules_evaluate import check_evaluate
from mfbench.recipe.rules_monitor import check_monitor
from mfbench.recipe.rules_register import check_register
from mfbench.recipe.rules_run import check_run
from mfbench.recipe.rules_tune import check_tune
from mfbench.recipe.schema import Recipe

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.IGNORECASE)  # no such file can exist on NTFS
_NAME_HINT = "letters, digits, '-', '_' and '.', at most 63, beginning with a letter or digit"


def check_rules(recipe: Recipe, source: Source) -> None:
    """Raises RecipeError for the first rule that is broken."""
    _names(recipe, source)
    check_data(recipe, source)
    check_tune(recipe, source)
    check_evaluate(recipe, source)
    check_run(recipe, source)
    check_register(recipe, source)
    check_monitor(recipe, source)


def _names(recipe: Recipe, source: Source) -> None:
    written: list[tuple[Key, str | None]] = [(("recipe", "name"), recipe.recipe.name)]
    if recipe.register:
        written += [(("register", "model"), recipe.register.model), (("register", "alias"), recipe.register.alias)]
    for key, name in written:
        if name is not None and (not NAME.fullmatch(name) or name.endswith(".")):
            raise source.error(key, f"{name!r} cannot be a name", f"expected {_NAME_HINT}")
        if name is not None and _RESERVED.fullmatch(name):
            raise source.error(
                key, f"{name!r} cannot be a name: Windows reserves it", f"for example '{name[:3]}-model'"
            )
    plugins = [("model", "flavor", recipe.model.flavor)]
    if recipe.run.executor != "auto":
        plugins.append(("run", "executor", recipe.run.executor))
    for table, kind, name in plugins:
        group = f"mfbench.{kind}s"
        if name not in IN_TREE[group] and name not in (known := names(group)):
            hint = did_you_mean(name, [*known, *(["auto"] if kind == "executor" else [])])
            raise source.error((table, kind), f"there is no {kind} {name!r}", hint)
