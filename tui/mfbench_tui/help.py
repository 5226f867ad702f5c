"""The keys that work where one is, made from the bindings themselves."""

from __future__ import annotations

from typing import Any

from rich.text import Text
from textual.screen import Screen
from textual.widget import Widget

NAMES = {"question_mark": "?", "slash": "/", "right_square_bracket": "]", "left_square_bracket": "[", "escape": "esc"}


def help_text(screen: Screen[Any]) -> Text:
    """What this pane can do, then what its list can, then the keys of everywhere; a disabled key says so."""
    text, seen = Text(), set()
    for owner, title in _owners(screen):
        lines = []
        for keys, description, enabled in bindings_of(owner):
            if keys not in seen and description:
                seen.add(keys)
                lines.append((keys, description + ("" if enabled else "  (not now)"), enabled))
        if lines:
            text.append(f"{title}\n", style="bold")
            for keys, description, enabled in lines:
                text.append(f"  {keys:<14}", style="bold cyan" if enabled else "dim")
                text.append(f"{description}\n", style="" if enabled else "dim")
            text.append("\n")
    return text


def bindings_of(owner: Widget | Screen[Any] | Any) -> list[tuple[str, str, bool]]:
    """(keys, what they do, whether they do now) of a widget's, screen's or the app's own bindings."""
    found: dict[str, tuple[list[str], str, bool]] = {}
    for key, bindings in owner._bindings.key_to_bindings.items():
        for binding in bindings:
            name = binding.action.partition("(")[0].rpartition(".")[2]
            allowed = owner.check_action(name, ())
            if allowed is False and binding.action:
                continue
            keys = found.setdefault(binding.action, ([], binding.description, allowed is not None))[0]
            keys.append(binding.key_display or NAMES.get(key, key))
    return [(" ".join(keys), description, enabled) for keys, description, enabled in found.values()]


def _owners(screen: Screen[Any]) -> list[tuple[Any, str]]:
    chain: list[Any] = []
    node: Any = screen.focused or screen
    while node is not None:
        if node._bindings.key_to_bindings:
            chain.append(node)
        node = node.parent
    # What is special here comes first: the keys of any list are known soon.
    chain.sort(key=lambda owner: (owner is screen.app, type(owner).__module__.startswith("mfbench_tui.widgets")))
    named = [(owner, "Everywhere" if owner is screen.app else _name(owner)) for owner in chain]
    if not any(owner is screen.app for owner, _ in named):
        named.append((screen.app, "Everywhere"))
    return named


def _name(owner: Any) -> str:
    words = {"Listing": "In the list", "Main": "Panes"}
    return words.get(type(owner).__name__, type(owner).__name__)
