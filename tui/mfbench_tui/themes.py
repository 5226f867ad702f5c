"""The theme that the environment asks for."""

from __future__ import annotations

import os
from typing import Any

from textual.app import App

DARK = "textual-dark"


def wanted_theme(app: App[Any]) -> str:
    """MFBENCH_THEME where there is one of that name, else the dark one."""
    theme = os.environ.get("MFBENCH_THEME", DARK)
    return theme if theme in app.available_themes else DARK
