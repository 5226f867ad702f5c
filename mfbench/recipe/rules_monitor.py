"""What the types of [monitor], data.label_delay and data.private cannot say."""

from __future__ import annotations

from mfbench.core.text import parse_rate
from mfbench.recipe.loaded import Source
from mfbench.recipe.rules_data import duration
from mfbench.recipe.schema import Recipe

KEY = ("monitor",)
LEAST_ROWS = 100  # of a window


def check_monitor(recipe: Recipe, source: Source) -> None:
    """Raises RecipeError for the first rule that is broken."""
    monitor = recipe.monitor
    duration(recipe.data.label_delay, ("data", "label_delay"), source)
    for i, name in enumerate(recipe.data.private):
        if not name:
            raise source.error(("data", "private", i), "data.private names an empty column")
    _window(monitor.window, source)
    if monitor.false_alarms is not None:
        try:
            parse_rate(monitor.false_alarms)
        except ValueError as error:
            raise source.error((*KEY, "false_alarms"), f"false_alarms: {error}") from None
    for name, value, high in (("level", monitor.level, 0.5), ("min_effect", monitor.min_effect, 1.0)):
        if value is not None and not 0 < value < high:
            raise source.error((*KEY, name), f"{name}: expected a share between 0 and {high:g}, found {value:g}")
    if monitor.margin is not None and not monitor.margin > 0:
        told = f"margin: expected what of the metric may be lost, above 0; found {monitor.margin:g}"
        raise source.error((*KEY, "margin"), told)


def _window(window: str | int | None, source: Source) -> None:
    if window is None:
        return
    if str(window).isdecimal():
        if int(window) < LEAST_ROWS:
            told = f"window: {window} rows show nothing, at least {LEAST_ROWS} are needed"
            raise source.error((*KEY, "window"), told)
        return
    duration(str(window), (*KEY, "window"), source, "or a number of rows, such as 5000")
