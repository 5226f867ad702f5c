"""Drift reports as words, as a page and as a comment: made from hand-made findings of many shapes."""

from __future__ import annotations

import math
import re
from typing import Any

import msgspec
import pytest

from mfbench.drift.findings import Look, Report, Window
from mfbench.drift.settings import Settings
from mfbench.report import markdown
from mfbench.report.drift.page import render_html, render_markdown
from mfbench.report.drift.short import short
from mfbench.report.drift.summary import focus, of_window, summary
from mfbench.report.html import MARK
from tests.report import drift_samples as samples
from tests.report.test_html import Page


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return {name: render_html(make()) for name, make in samples.ALL.items()}


def changed(report: Report, **changes: Any) -> Report:
    """Its only window with other values."""
    return msgspec.structs.replace(report, windows=[msgspec.structs.replace(report.windows[0], **changes)])


# -- the three questions -------------------------------------------------------------------------------------


def test_an_alarm_in_words() -> None:
    told = summary(samples.alarm())
    assert told.verdict.startswith("alarm")
    assert told.significant == "yes: 4 of 7 columns, p < 1e-9 (chance of a false find: 1\N{NO-BREAK SPACE}%)"
    assert told.large.startswith("large: 24\N{NO-BREAK SPACE}% of the rows would have to change (dep_delay, the most)")
    assert told.matters == "measured with 20,000 labels: ROC AUC 0.9020, equivalent to 0.9034 within 0.01"
    assert [question for question, _ in told.answers()] == ["Significant?", "How large?", "Does it matter?"]


def test_significant_and_small_is_no_alarm() -> None:
    told = summary(samples.changed())
    assert told.verdict.startswith("changed, but by less")
    assert told.significant.startswith("yes: 1 of 7 columns")
    assert told.large.startswith("small: 6.0\N{NO-BREAK SPACE}%")
    assert told.large.endswith("alarms begin at 10\N{NO-BREAK SPACE}%")


def test_quiet_says_what_could_have_been_seen() -> None:
    told = summary(samples.quiet())
    assert told.significant.startswith("no: 19 tests")
    assert "chance alone makes 1.1\N{NO-BREAK SPACE}%" in told.large
    assert "from 4.0\N{NO-BREAK SPACE}% on it would be seen" in told.large


def test_too_small_is_not_quiet() -> None:
    told = summary(samples.too_small())
    assert told.verdict == "not judged: 120 rows, 1,043 are needed"
    assert told.significant.startswith("not judged")
    assert told.large.startswith("not measured")


def test_without_labels_it_never_says_no() -> None:
    for name, make in samples.ALL.items():
        assert not summary(make()).matters.startswith("no:"), name
    assert summary(samples.changed()).matters == "not visible without labels"
    assert summary(changed(samples.changed(), quality=None)).matters == "not visible without labels"
    estimate = summary(samples.quiet()).matters
    assert estimate.startswith("estimated without labels: ROC AUC 0.897 (0.887 to 0.909), 0.903 on the reference")
    assert "only while labels depend on the inputs as before" in estimate


@pytest.mark.parametrize(
    ("matters", "value", "told"),
    [
        ("worse", 0.86, "ROC AUC 0.8600, worse than 0.9034 (difference −0.048 to −0.038)"),
        ("better", 0.95, "ROC AUC 0.9500, better than 0.9034 (difference 0.042 to 0.052)"),
        ("unknown", 0.9, "ROC AUC 0.9000 against 0.9034, undecided within 0.01; a loss of 0.007 would show"),
    ],
)
def test_measured(matters: str, value: float, told: str) -> None:
    report = changed(samples.alarm(), quality=samples.measured(matters, value))
    assert summary(report).matters == f"measured with 20,000 labels: {told}"


def test_a_series() -> None:
    told = summary(samples.series())
    first = "alarm: 2 of 30 windows (day 13, day 21); 1 more changed by less; 1 too small to judge"
    assert told.verdict == f"{first}; the model is WORSE in 2 windows"
    assert "one false alarm in 365 windows" in told.significant
    assert told.significant.endswith("fired twice")
    assert "worse in 2 (day 13 …), equivalent in 15 (margin 0.01)" in told.matters
    assert summary(samples.ALL["quiet series"]()).verdict.startswith("quiet: no change in 30 windows")


def test_finds_that_chance_brings_in_a_long_series_are_no_yes() -> None:
    """Of 364 looks at a level of 1 % about four find something though nothing has changed."""
    windows = [
        Window(name=f"w{i}", rows=5000, verdict="changed" if i % 100 == 7 else "quiet", significant=i % 100 == 7,
               p=0.004 if i % 100 == 7 else 0.6, effect=0.02, column="x",
               look=Look(e=0.5, statistic=3.0, threshold=365.0, fired=False))
        for i in range(364)
    ]  # fmt: skip
    told = summary(samples.report(*windows, run_length=365.0)).significant
    assert told.startswith("no: 4 of 364 windows differ from the reference (chance alone makes about 3.6)")
    windows[9] = msgspec.structs.replace(windows[9], significant=True, p=1e-9)
    assert summary(samples.report(*windows, run_length=365.0)).significant.startswith("yes: 5 of 364 windows")


def test_what_only_the_detector_has_seen() -> None:
    look = Look(e=30.0, statistic=400.0, threshold=365.0, fired=True)
    report = changed(samples.quiet(), verdict="changed", look=look)
    assert summary(report).significant.startswith("yes: not in this window alone")


def test_tests_that_could_not_be_made() -> None:
    test = samples.Test(column="x", about="values", test="KS", effect=0.3, why="fewer than 20 independent rows")
    report = changed(samples.quiet(), tests=[test], significant=False, p=None)
    assert summary(report).significant == "not judged: fewer than 20 independent rows"


def test_the_window_to_look_at() -> None:
    report = samples.series()
    found = focus(report)
    assert found is not None
    assert (found.verdict, found.name) == ("alarm", "day 13")
    assert of_window(found, report).verdict.startswith("alarm")
    assert focus(samples.ALL["quiet series"]()) is None
    only = focus(samples.quiet())
    assert only is not None
    assert only.verdict == "quiet"


def test_a_change_in_short() -> None:
    report = samples.missing_column()
    [window] = report.windows
    columns = {item.name: item for item in window.columns}
    temp, odd, clustered = window.tests
    space = "\N{NO-BREAK SPACE}"
    assert short(temp, columns["temp"]) == f"missing 1.0{space}% → 100{space}%"
    assert short(odd, msgspec.structs.replace(columns["distance"], odd=0.2)) == f"of another type 20{space}%"
    assert short(clustered, columns["carrier"]) == "not judged: rows of one day are alike"
    moved = next(test for test in samples.window().tests if test.column == "dep_delay")
    assert re.fullmatch(r"mean 1[\d.]+ → 1[\d.]+", short(moved, samples.window().columns[0]))
    wider = msgspec.structs.replace(columns["temp"], mean=[10.0, 10.1], sd=[3.0, 9.0])
    assert short(moved, wider) == "sd 3 → 9"
    origin = samples.window().columns[1]
    assert re.fullmatch(rf"EWR: 1\d{space}% → 1\d{space}%", short(moved, msgspec.structs.replace(origin, new=[])))
    fresh = msgspec.structs.replace(samples.window().columns[1], new=[["HNL", 2500]])
    assert short(moved, fresh) == f"new: HNL 50{space}%"


# -- the page ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(samples.ALL))
def test_a_page_stands_alone(name: str, pages: dict[str, str]) -> None:
    text = pages[name]
    found = Page(text)
    assert MARK in text
    assert "script" not in found.tags
    assert len(found.ids) == len(set(found.ids))
    assert all(link.startswith("#") and link[1:] in found.ids for link in found.links)
    assert not re.search(r"url\((?!#)|@import|https?://(?!www\.w3\.org)", text)
    assert len(text) < 1_500_000
    assert text.count("<figure") == text.count("<figcaption>") == text.count("</figure>")
    for question in ("Significant?", "How large?", "Does it matter?"):
        assert f"<dt>{question}</dt>" in text


def test_sections(pages: dict[str, str]) -> None:
    def keys(name: str) -> list[str]:
        return re.findall(r'<section id="(\w+)">', pages[name])

    assert keys("alarm") == ["columns", "segments", "quality", "tests", "reading", "provenance"]
    assert keys("series") == ["series", "columns", "segments", "quality", "alarms", "tests", "reading", "provenance"]
    assert keys("quiet series") == ["series", "quality", "reading", "provenance"]
    assert keys("empty") == ["reading", "provenance"]


def test_numbers_are_those_of_the_report(pages: dict[str, str]) -> None:
    found = Page(pages["alarm"]).numbers
    [window] = samples.alarm().windows
    numbers = [value for test in window.tests for value in (test.effect, test.p, test.adjusted, test.statistic)]
    numbers += [value for item in window.columns for value in (*item.nulls, item.ks, item.psi, item.js)]
    assert window.joint is not None
    assert window.quality is not None
    numbers += [value for item in window.joint.segments for value in (item.share, item.of_shift, item.p)]
    numbers += [value for item in window.quality.metrics for value in (item.value, item.reference, item.difference)]
    assert {value for value in numbers if value is not None} <= found


def test_pictures_are_the_columns_that_differ_most(pages: dict[str, str]) -> None:
    titles = re.findall(r"<h4>(.*?)</h4>", pages["wide"])
    assert len(titles) == 48
    assert all(title.endswith("(alarm)") for title in titles[:43])
    assert "The 48 that differ most of 300 columns." in pages["wide"]
    assert pages["wide"].count("column_299") >= 1  # in the table
    assert re.findall(r"<h4>(.*?)</h4>", pages["series"])[:2] == ["Windows over time", "dep_delay (alarm)"]


def test_colours_are_the_pages(pages: dict[str, str]) -> None:
    for text in (pages["alarm"], pages["series"]):
        pictures = re.findall(r"<svg.*?</svg>", text, re.DOTALL)
        assert pictures
        assert not [found for one in pictures for found in re.findall(r"(?:fill|stroke): #[0-9a-f]{6}", one)]


def test_it_says_how_to_read_it_and_what_it_cannot_know(pages: dict[str, str]) -> None:
    assert "in at most 1\N{NO-BREAK SPACE}% of the cases" in pages["alarm"]
    assert "neighbours are alike too" in pages["alarm"]
    assert "Private columns are not looked at: ssn." in pages["alarm"]
    assert "one false alarm in 365 windows" in pages["series"]
    assert "1 of 31 windows of fewer than 1,043 rows were not judged" in pages["series"]
    assert "3 rows came too late" in pages["series"]
    alone = render_html(msgspec.structs.replace(samples.quiet(), reference={"rows": 100}))
    assert "Rows are taken to be independent" in alone


def test_the_same_report_gives_the_same_bytes(pages: dict[str, str]) -> None:
    assert render_html(samples.series()) == pages["series"]


def test_hostile_names_stay_text(pages: dict[str, str]) -> None:
    for text in (pages["hostile"], render_markdown(samples.hostile())):
        assert "\x00" not in text
        assert "\x1b" not in text
        assert "\u202e" not in text
    assert "script" not in Page(pages["hostile"]).tags


def emptied(value: Any, number: float | None) -> Any:
    if isinstance(value, dict):
        return {key: emptied(item, number) for key, item in value.items()}
    if isinstance(value, list):
        return [emptied(item, number) for item in value]
    return number if isinstance(value, float) else value


@pytest.mark.parametrize("number", [math.nan, math.inf, 0.0, 1e300, -1.0], ids=str)
@pytest.mark.parametrize("make", [samples.alarm, lambda: samples.series(3, (1,), ())], ids=["alarm", "series"])
def test_numbers_that_say_nothing(number: float, make: Any) -> None:
    report = msgspec.convert(emptied(msgspec.to_builtins(make()), number), Report)
    Page(render_html(report))
    assert summary(report).answers()


def test_as_stored_and_read_again(pages: dict[str, str]) -> None:
    again = msgspec.json.decode(msgspec.json.encode(samples.alarm()), type=Report)
    assert render_html(again) == pages["alarm"]


def test_lists_that_hold_nothing() -> None:
    thin = [
        msgspec.structs.replace(item, bars=bars, labels=[], edges=[], mean=None, sd=[1.0], nulls=[], low=[None])
        for item, bars in zip(samples.window().columns, ([], [[]], [[], []], [[1, 2]], [[0, 0]]), strict=False)
    ]
    quality = msgspec.structs.replace(samples.measured(), metrics=[], segments=[[]], concept=[{}], coverage=[])
    joint = msgspec.structs.replace(samples.joint(), segments=[], columns=[], auc=None, note="one side is too small")
    text = render_html(changed(samples.alarm(), columns=thin, quality=quality, joint=joint))
    Page(text)
    assert "were not judged: one side is too small" in text


def test_windows_without_times_and_very_many() -> None:
    windows = [
        Window(name=str(i), rows=10, verdict="alarm" if i == 2001 else "quiet", effect=0.01) for i in range(4000)
    ]
    text = render_html(samples.report(*windows, settings=Settings(window="10")))
    Page(text)
    assert "The first 400 of 4,000 windows" in text
    assert len(text) < 1_500_000


# -- the comment ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(samples.ALL))
def test_comments_fit(name: str) -> None:
    text = render_markdown(samples.ALL[name]())
    assert text.startswith(markdown.MARK)
    assert len(text) <= markdown.MOST
    assert "**Does it matter?**" in text
