"""What the palette offers: 'noun: verb' of what is valid now, made from the bindings, and the themes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from textual.app import SystemCommand
from textual.command import CommandPalette
from textual.screen import Screen
from textual.worker import Worker

from mfbench_tui.dialogs.dialog import Once
from mfbench_tui.panes.pane import Pane
from mfbench_tui.screens.sectioned import Sectioned

if TYPE_CHECKING:
    from mfbench_tui.app import MfbenchApp


class Palette(CommandPalette, Once[None]):
    """Closed while it gathers its commands, Textual's own looks for a list that has gone: that must not end the app."""

    def run_worker(self, *args: Any, **named: Any) -> Worker[Any]:
        return super().run_worker(*args, **{**named, "exit_on_error": False})


def commands(app: MfbenchApp, screen: Screen[Any]) -> Iterable[SystemCommand]:
    seen = set()
    for _, binding, enabled, _ in screen.active_bindings.values():
        node = next((one for one in screen.active_bindings.values() if one.binding is binding), None)
        if not binding.description or not enabled or node is None:
            continue
        noun = noun_of(app, node.node)
        title = f"{noun}: {binding.description.lower()}"
        if title in seen or binding.action in ("command_palette",):
            continue
        seen.add(title)

        def act(action: str = binding.action, owner: Any = node.node) -> None:
            app.call_later(app.run_action, action, owner)

        yield SystemCommand(title, f"key {app.get_key_display(binding)}", act)
    if isinstance(screen, Sectioned):
        for name in screen.sections():
            yield SystemCommand(f"{screen.NOUN}: show {name}", "", lambda name=name: screen.open_section(name))
    for name in sorted(app.available_themes):
        yield SystemCommand(f"theme: {name}", "", lambda name=name: setattr(app, "theme", name))


def noun_of(app: MfbenchApp, node: Any) -> str:
    if isinstance(node, Pane):
        return node.NOUN
    if node is app:
        return "workbench"
    return str(getattr(node, "NOUN", "") or type(node).__name__.lower())
