"""One picture: matplotlib draws it, and it leaves as SVG that takes its colours and its font from the page.

What is drawn in one of the colours below becomes a CSS variable, so that one picture serves screen, dark screen and
paper. The colours are Okabe and Ito's (told apart by colour-blind readers); no two things differ by colour alone.
"""

from __future__ import annotations

import io
import logging
import re
import threading
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, MUTED, GRID, PAPER = "#1b1f24", "#5b6570", "#d9dee3", "#ffffff"
LINES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b07d00", "#56b4e9")
STEPS = ("#c9d3dd", "#9dbad4", "#6596c2", "#2f72ab", "#0b3c6f")  # from low to high
DASHES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 3)))
MARKERS = ("o", "s", "^", "D", "v", "P")
VARIABLES = {
    **dict(zip((INK, MUTED, GRID, PAPER), ("ink", "muted", "grid", "paper"), strict=True)),
    **{colour: f"c{i}" for i, colour in enumerate(LINES)},
    **{colour: f"s{i}" for i, colour in enumerate(STEPS)},
}
_STYLE: dict[str, Any] = {
    "svg.fonttype": "none", "text.parse_math": False, "text.usetex": False, "axes.unicode_minus": True,
    "figure.dpi": 72, "savefig.dpi": 72,
    "figure.constrained_layout.w_pad": 0.03, "figure.constrained_layout.h_pad": 0.03,
    "font.size": 11, "font.family": ["DejaVu Sans"], "axes.titlesize": 11, "axes.titlelocation": "left",
    "axes.labelsize": 11, "xtick.labelsize": 10, "ytick.labelsize": 10, "legend.fontsize": 10,
    "text.color": INK, "axes.edgecolor": MUTED, "axes.labelcolor": MUTED, "xtick.color": MUTED, "ytick.color": MUTED,
    "axes.linewidth": 0.8, "axes.spines.top": False, "axes.spines.right": False, "axes.axisbelow": True,
    "grid.color": GRID, "grid.linewidth": 0.7, "xtick.major.size": 3, "ytick.major.size": 3,
    "lines.linewidth": 1.8, "lines.markersize": 5, "legend.frameon": False, "legend.handlelength": 2.4,
    "axes.formatter.useoffset": False, "axes.formatter.limits": (-4, 6),
}  # fmt: skip
_SVG = "{http://www.w3.org/2000/svg}"
_LINK = "{http://www.w3.org/1999/xlink}href"
_LONG = re.compile(r"-?\d+\.\d{3,}")
_COLOUR = re.compile(r"#[0-9a-f]{6}")
_FONT = re.compile(r"\s*font-family:[^;]*;?")
_drawing = threading.Lock()  # matplotlib's settings belong to the whole process


@dataclass(frozen=True)
class Picture:
    """`caption` says in words what is to be seen; `svg` is safe to stand in a page as it is."""

    title: str
    caption: str
    svg: str
    wide: bool = False


def picture(
    title: str,
    caption: str,
    size: tuple[int, int],
    paint: Callable[[Figure], None],
    *,
    wide: bool = False,
    key: str = "",
) -> Picture:
    """What `paint` draws on a figure of `size` pixels. The same values give the same bytes.

    key: what tells pictures of one page apart, where titles may be alike.
    """
    return Picture(title, caption, draw(title, size, paint, key=key), wide)


def draw(
    title: str, size: tuple[int, int], paint: Callable[[Figure], None], *, tight: bool = False, key: str = ""
) -> str:
    """The SVG alone, called `title` where it cannot be seen. tight: without room for axes around."""
    import matplotlib
    from matplotlib.figure import Figure

    # A reader's own settings are put aside; glyphs that our font lacks are the browser's to find.
    log = logging.getLogger("matplotlib")
    with _drawing, matplotlib.rc_context(), warnings.catch_warnings():
        level = log.level
        log.setLevel(logging.ERROR)
        warnings.simplefilter("ignore")
        matplotlib.rcdefaults()
        settings: Any = {**_STYLE, "svg.hashsalt": key or title, "figure.constrained_layout.use": not tight}
        matplotlib.rcParams.update(settings)
        try:
            figure = Figure(figsize=(size[0] / 72, size[1] / 72))
            paint(figure)
            buffer = io.StringIO()
            plain = dict.fromkeys(("Date", "Creator", "Format", "Type"))
            figure.savefig(buffer, format="svg", transparent=True, metadata=plain)
        finally:
            log.setLevel(level)
    return _finished(buffer.getvalue(), title, size)


def _finished(text: str, title: str, size: tuple[int, int]) -> str:
    """Without what repeats or names the program, with colours by variable and numbers of two decimals."""
    root = ElementTree.fromstring(text)
    for element in list(root.iter()):
        for child in [item for item in element if item.tag in (f"{_SVG}metadata", f"{_SVG}style")]:
            element.remove(child)
        element.tag = element.tag.removeprefix(_SVG)
        if element.tag in ("g", "text", "use"):
            element.attrib.pop("id", None)
        if _LINK in element.attrib:
            element.set("href", element.attrib.pop(_LINK))
        if "style" in element.attrib:
            style = _COLOUR.sub(_variable, _FONT.sub("", element.attrib["style"]))
            element.set("style", style.strip().removesuffix(";"))
        for key in ("d", "x", "y", "points", "transform"):
            if key in element.attrib:
                element.set(key, " ".join(_LONG.sub(_short, element.attrib[key]).split()))
    for child in [item for item in root if item.tag == "defs" and not len(item)]:
        root.remove(child)
    root.attrib.clear()
    root.attrib.update({"viewBox": f"0 0 {size[0]} {size[1]}", "width": str(size[0]), "height": str(size[1]),
                        "role": "img", "aria-label": title})  # fmt: skip
    for element in root.iter():  # what only indents is not kept
        if element.tag not in ("text", "tspan"):
            element.text = None
        if element is not root:
            element.tail = None
    return ElementTree.tostring(root, encoding="unicode")


def _variable(match: re.Match[str]) -> str:
    known = VARIABLES.get(match[0])
    return f"var(--{known})" if known else match[0]


def _short(match: re.Match[str]) -> str:
    text = f"{float(match[0]):.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def rules(axes: Axes, axis: str = "y") -> None:
    """Light lines behind the data across one axis, which needs no line of its own."""
    axes.grid(axis=axis)  # type: ignore[arg-type]
    axes.spines["left" if axis == "y" else "bottom"].set_visible(False)
    axes.tick_params(axis=axis, length=0)  # type: ignore[arg-type]
