"""The page: whole, alone, unmoved by hostile names, and the same each time."""

from __future__ import annotations

import math
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from mfbench.report.html import MARK, render_html
from mfbench.report.values import collect
from tests.report import samples

HOSTILE = '</svg><script>alert("x")</script>\x00\x1b[31m‮$\\frac{1}{0}$&amp;\'"' + "w" * 300
VOID = {"meta", "br", "hr", "img", "input", "link"}


class Page(HTMLParser):
    """Checks that tags close in order, and keeps what tests ask for."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.numbers: set[float] = set()
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        self._take(tag, attrs)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._take(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def _take(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append(tag)
        self.ids += [found["id"] or ""] if "id" in found else []
        self.links += [found[key] or "" for key in ("href", "src", "xlink:href") if key in found]
        if tag == "data":
            self.numbers.add(float(found["value"] or "nan"))
        assert not any(key.startswith("on") for key in found)


def page(files: samples.Files, **changes: Any) -> str:
    return render_html(collect(samples.run_facts(**changes), samples.reader(files)))


@pytest.fixture(scope="module")
def whole() -> str:
    return page(samples.binary())


def test_the_page_stands_alone(whole: str) -> None:
    found = Page(whole)
    assert MARK in whole
    assert "script" not in found.tags
    assert len(found.ids) == len(set(found.ids))
    assert all(link.startswith("#") and link[1:] in found.ids for link in found.links)
    assert not re.search(r"url\((?!#)|@import|https?://(?!www\.w3\.org)", whole)
    assert len(whole) < 1_500_000


def test_every_section_and_figure_is_there(whole: str) -> None:
    for key in ("quality", "gates", "curves", "weakness", "explain", "search", "data", "provenance"):
        assert f'<section id="{key}">' in whole
        assert f'href="#{key}"' in whole
    for title in ("ROC curve", "Precision and recall", "Calibration", "Confusion", "Cost over threshold", "By carrier",
                  "Weak segments", "Permutation importance", "Effect of hour", "Search history", "Trials by parameter",
                  "What mattered in the search"):  # fmt: skip
        assert f"<h4>{title}</h4>" in whole
        assert f'aria-label="{title}"' in whole
    assert whole.count("<figure") == whole.count("<figcaption>") == whole.count("</figure>")


def test_numbers_are_those_of_the_run(whole: str) -> None:
    found = Page(whole).numbers
    metrics = samples.evaluation()["metrics"].values()
    values = [item[key] for item in metrics for key in ("value", "baseline") if not math.isnan(item[key])]
    values += [0.7139, 0.0034, -0.0804, 0.6421]  # champion, paired difference, weak segment
    values += [item["mean"] for item in samples.explain()["importance"]]
    assert set(values) <= found
    for shown in (
        "0.7173",
        "0.705 to 0.729",
        "−0.114 to −0.046",
        "−0.0011 to 0.0079",
        "14,810",
        "7.2\N{NO-BREAK SPACE}%",
    ):
        assert shown in whole


def test_colours_are_the_pages(whole: str) -> None:
    pictures = re.findall(r"<svg.*?</svg>", whole, re.DOTALL)
    assert len(pictures) > 20
    assert not [found for picture in pictures for found in re.findall(r"(?:fill|stroke): #[0-9a-f]{6}", picture)]
    assert {found for picture in pictures for found in re.findall(r"var\(--(\w+)\)", picture)} <= set(
        re.findall(r"--(\w+):", whole)
    )


def test_the_same_values_give_the_same_bytes_whatever_a_readers_settings(whole: str) -> None:
    import matplotlib

    with matplotlib.rc_context({"lines.linewidth": 9, "font.size": 30, "axes.grid": True, "svg.fonttype": "path"}):
        assert page(samples.binary()) == whole
        assert matplotlib.rcParams["font.size"] == 30


def hostile(value: Any) -> Any:
    """Every text of a file turned hostile, keys and field names of the contract left alone."""
    kept = {"task", "unit", "kind", "state", "verdict", "source", "level", "sampler", "pruner", "method"}
    if isinstance(value, dict):
        free = not value.keys() & {
            "value",
            "rows",
            "metrics",
            "name",
            "counts",
            "roc",
            "train",
            "trials",
            "gates",
            "low",
        }
        return {
            (HOSTILE + key if free else key): (item if key in kept else hostile(item)) for key, item in value.items()
        }
    if isinstance(value, list):
        return [hostile(item) for item in value]
    return HOSTILE + value if isinstance(value, str) else value


def test_hostile_names_stay_text() -> None:
    from mfbench.core import jsonio

    files = {
        path: jsonio.pretty(hostile(jsonio.loads(content))) if path.endswith(".json") else HOSTILE.encode()
        for path, content in samples.binary().items()
    }
    params = dict.fromkeys([*samples.run_facts()["params"], HOSTILE], HOSTILE)
    text = page(
        files, name=HOSTILE, params=params, host=HOSTILE, tags={HOSTILE: HOSTILE}, error=HOSTILE, status="failed"
    )
    found = Page(text)
    assert "script" not in found.tags
    assert "alert(&#34;x" in text or 'alert("x' in text
    assert "\x00" not in text
    assert "\x1b" not in text
    assert "‮" not in text


@pytest.mark.parametrize("make", [samples.classes, samples.forecast, lambda: samples.classes(20), dict])
def test_other_tasks(make: Any) -> None:
    Page(page(make()))


@pytest.mark.parametrize("path", list(samples.binary()))
def test_any_part_alone_and_any_part_missing(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("canvas", "intervals"):
        monkeypatch.setattr(f"mfbench.report.figures.{module}.draw", lambda *_, **__: "<svg></svg>")
    files = samples.binary()
    Page(page({path: files[path]}))
    Page(page({other: content for other, content in files.items() if other != path}))


def emptied(value: Any, with_: Any) -> Any:
    """The same shape with every number replaced."""
    if isinstance(value, dict):
        return {key: emptied(item, with_) for key, item in value.items()}
    if isinstance(value, list):
        return [emptied(item, with_) for item in value]
    return with_ if isinstance(value, float) else value


@pytest.mark.parametrize("number", [math.nan, math.inf, 0.0, 1e300], ids=str)
def test_numbers_that_say_nothing(number: float) -> None:
    from mfbench.core import jsonio

    files = samples.binary() if math.isfinite(number) else samples.binary() | samples.forecast()
    jsons = {path: emptied(jsonio.loads(content), number) for path, content in files.items() if path.endswith("json")}
    jsons.pop("search/trials.json" if number == 0 else "profile/profile.json")
    Page(page(samples.packed(jsons)))


def test_empty_lists() -> None:
    empty: dict[str, Any] = {path: {} for path in samples.binary() if path.endswith(".json")}
    empty["leakage/leakage.json"] = []
    Page(page(samples.packed(empty)))
    thin = {"evaluate/evaluation.json": {"confusion": {"counts": [[0, 0], [0, 0]]}, "curves": {"roc": {"": [[0]]}},
            "residuals": {"edges": [0, 1], "counts": []}, "calibration": [{}], "horizons": [{}], "slices": {"": [{}]},
            "weak": {"found": [{}]}, "threshold": {"curve": [[None, 1], [0, None]]}, "metrics": {"": {}}},
            "search/trials.json": {"objectives": [{}, {}], "trials": [{"state": "complete", "values": []}, {}]},
            "profile/profile.json": {"columns": [{"histogram": {"edges": [0, 1], "train": [0]}}, {"top": [[]]}]},
            "explain/explain.json": {"importance": [{}], "partial": [{"mean": [1.0]}, {}]},
            "gate/gates.json": {"gates": [{"segments": [{}]}]}, "leakage/leakage.json": [{}]}  # fmt: skip
    text = page(samples.packed(thin))
    assert "cannot be read" not in text
    Page(text)


def test_a_script_run_shows_its_curves() -> None:
    run = {"run": "r1", "name": "script", "status": "running", "executor": "script", "params": {"lr": "0.1"},
           "metrics": {"loss": 0.25}, "run_metrics": [{"key": "loss", "last": 0.25}]}  # fmt: skip
    points = {"loss": [[i, 1 / (i + 1)] for i in range(4)], "flat": [[0, 1.0]], "bad": [[0, math.nan], [1, math.nan]]}
    text = render_html(collect(run, samples.reader({}), points))
    Page(text)
    assert "<h4>Curve of loss</h4>" in text
    assert "Curve of flat" not in text
    assert "still going" in text
    assert "A script recorded this run" in text
