"""Text in lines and columns of a fixed width."""

from __future__ import annotations

import textwrap


def wrapped(head: str, text: str, width: int, indent: int | None = None) -> list[str]:
    """Lines of `width` signs; those after the first begin `indent` further in, as the head is long by default."""
    hanging = " " * (len(head) if indent is None else indent)
    # A share and its sign stay together: textwrap breaks at plain spaces only.
    return textwrap.wrap(head + text, width, subsequent_indent=hanging, break_on_hyphens=False) or [head]


def length(text: str) -> int:
    """Places of a terminal: wide signs take two."""
    from rich.cells import cell_len

    return cell_len(text)


def fit(text: str, width: int) -> str:
    """Exactly so many places of a terminal, wide signs counted as two."""
    from rich.cells import cell_len, set_cell_size

    if cell_len(text) <= width:
        return set_cell_size(text, width)
    return f"{set_cell_size(text, width - 1)}…" if width > 0 else ""
