"""A search: how it went, what it tried, what mattered, what cannot be had together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mfbench.report import words
from mfbench.report.figures.canvas import INK, LINES, MUTED, PAPER, Picture, picture, rules
from mfbench.report.figures.points import thinned

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Values = dict[str, Any]


def complete(search: Values, objective: int = 0) -> list[Values]:
    """The trials that have a finite value of this objective, in order."""
    trials = [trial for trial in search["trials"] if trial["state"] == "complete" and trial["values"]]
    return [t for t in trials if len(t["values"]) > objective and words.known(t["values"][objective])]


def goal(search: Values, objective: int = 0) -> Values:
    known = search["objectives"]
    return known[objective] if len(known) > objective else {"name": "objective", "greater": True}


def history(search: Values) -> Picture | None:
    """Every trial's value, and the best so far."""
    done = complete(search)
    if not done:
        return None
    target = goal(search)
    better = max if target["greater"] else min
    best: list[float] = []
    for trial in done:
        best.append(better([*best[-1:], trial["values"][0]]))
    other = {state: [t["number"] for t in search["trials"] if t["state"] == state] for state in ("pruned", "failed")}

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        shown = thinned(done, 1500)
        axes.plot([t["number"] for t in shown], [t["values"][0] for t in shown], "o", color=LINES[0], alpha=0.55,
                  markeredgewidth=0, label="trial")  # fmt: skip
        axes.step([t["number"] for t in done], best, where="post", color=LINES[1], label="best so far")
        for state, sign in (("pruned", "|"), ("failed", "x")):
            if other[state]:
                low = axes.get_xaxis_transform()
                axes.plot(other[state], [0.02] * len(other[state]), sign, color=MUTED, transform=low, label=state)
        axes.set(xlabel="trial", ylabel=words.title(target["name"]))
        axes.locator_params(axis="x", integer=True)
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=4, borderaxespad=0.2, labelcolor=INK)
        rules(axes)

    number = done[best.index(best[-1])]["number"]
    text = f"{len(done):,} finished trials; the best, trial {number}, reached {words.number(best[-1])}. "
    lost = [f"{len(items):,} {state}" for state, items in other.items() if items]
    text += f"At the bottom: {words.join(lost)}." if lost else ""
    return picture("Search history", text, (720, 280), paint, wide=True)


def importance(search: Values) -> Picture | None:
    """How much of the differences between trials each parameter explains."""
    shares = [(key, value) for key, value in (search["importance"] or {}).items() if words.known(value)]
    shares = sorted(shares, key=lambda item: (-item[1], item[0]))[:15]
    if not shares:
        return None

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        axes.barh(range(len(shares)), [value for _, value in shares], color=LINES[0], height=0.55)
        axes.set_yticks(range(len(shares)), [words.name(key, 30) for key, _ in shares])
        axes.set(xlabel="share", ylim=(len(shares) - 0.4, -0.6), xlim=(0, None))
        axes.tick_params(axis="y", length=0, labelcolor=INK)
        axes.spines["left"].set_visible(False)
        rules(axes, "x")

    text = f"What share of the differences between trials each parameter explains. Most: {words.name(shares[0][0])}, "
    return picture(
        "What mattered in the search", f"{text}{words.share(shares[0][1])}.", (350, 62 + 19 * len(shares)), paint
    )


def front(search: Values) -> Picture | None:
    """Two objectives that cannot both be had, and the trials that nothing beats in both."""
    if len(search["objectives"]) < 2:
        return None
    done = [trial for trial in complete(search, 1) if words.known(trial["values"][0])]
    best = sorted((t for t in done if t["number"] in set(search["front"])), key=lambda t: t["values"][:2])
    if not done:
        return None

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        rest = thinned([trial for trial in done if trial not in best], 1500)
        axes.plot([t["values"][0] for t in rest], [t["values"][1] for t in rest], "o", color=MUTED, alpha=0.5,
                  markersize=4, markeredgewidth=0)  # fmt: skip
        axes.plot([t["values"][0] for t in best], [t["values"][1] for t in best], "D--", color=LINES[1], linewidth=1,
                  markeredgecolor=PAPER, markersize=7)  # fmt: skip
        axes.set(xlabel=_wish(goal(search)), ylabel=_wish(goal(search, 1)))
        rules(axes)

    count = len(search["objectives"])
    several = f"all of the {count} objectives" if count > 2 else "both objectives"
    text = f"{len(best)} of {len(done):,} trials are beaten by no other in {several} (diamonds)."
    more = " The first two are drawn." if count > 2 else ""
    return picture("Pareto front", text + more, (350, 300), paint)


def _wish(objective: Values) -> str:
    return f"{words.title(objective['name'])} ({'more' if objective['greater'] else 'less'} is better)"
