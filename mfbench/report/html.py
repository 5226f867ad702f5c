"""A run as one page: no network, no script; for a screen, a narrow or dark one, and paper."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mfbench.core.about import __version__
from mfbench.report import words
from mfbench.report.blocks import Cell, Section
from mfbench.report.sections import sections
from mfbench.report.summary import summary

MARK = '<meta name="generator" content="mfbench report">'  # how we know our own page before we replace it
SHORT = 16  # signs of a cell that is not broken over lines


def render_html(values: dict[str, Any]) -> str:
    """The page for collected values (see `collect`). The same values give the same text."""
    return page(
        title=words.name(values["run"]["name"], 120),
        about=about_line(values),
        description=words.prose((values["recipe"] or {}).get("description"), 1000),
        summary=" ".join(summary(values)),
        sections=sections(values),
        made_from="what the run has recorded",
    )


def page(
    *,
    title: str,
    about: str,
    sections: Sequence[Section],
    made_from: str,
    summary: str = "",
    description: str = "",
    answers: Sequence[tuple[str, str]] = (),
) -> str:
    """Any report as a page. answers: questions with their answers, which stand below the summary."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    loader = PackageLoader("mfbench.report", "templates")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True,
                              lstrip_blocks=True)  # fmt: skip
    environment.tests["cell"] = lambda value: isinstance(value, Cell)
    environment.tests["short"] = lambda value: len(value.text if isinstance(value, Cell) else value) <= SHORT
    environment.filters["kind"] = lambda value: type(value).__name__.lower()
    environment.filters["svg"] = Markup  # our own pictures: what they hold of a user's is escaped by the XML writer
    return environment.get_template("report.html").render(
        mark=Markup(MARK), style=Markup(loader.get_source(environment, "style.css")[0]), title=title, about=about,
        description=description, summary=summary, answers=answers, sections=sections, made_from=made_from,
        version=__version__,
    )  # fmt: skip


def about_line(values: dict[str, Any]) -> str:
    """The line under the title."""
    run, recipe = values["run"], values["recipe"] or {}
    what = ""
    if recipe.get("task"):
        what = words.name(recipe["task"], 40)
        if recipe.get("target"):
            what += f" of {words.name(recipe['target'], 120)}"
        if recipe.get("positive") is not None:
            what += f", positive: {words.name(recipe['positive'], 40)}"
    started = words.moment(run["started"]) if run["started"] else ""
    parts = [what, f"run {words.name(run['run'])}", words.name(run["status"]), started]
    return " · ".join(part for part in parts if part)
