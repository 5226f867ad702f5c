"""What [data], its split and [forecast] must obey that their types cannot say and the data is not needed for."""

from __future__ import annotations

import codecs

from mfbench.core.text import did_you_mean, parse_duration
from mfbench.recipe.loaded import Key, Source
from mfbench.recipe.schema import Check, Data, Forecast, Recipe, Split

SPLIT: Key = ("data", "split")
FORECAST: Key = ("forecast",)
PERIODS = ("hour", "day", "week", "month")
MOST_FOLDS = 50
MOST_STEPS = 100_000


def check_data(recipe: Recipe, source: Source) -> None:
    """Raises RecipeError for the first rule that is broken."""
    task = recipe.recipe.task
    _data(recipe.data, task, source)
    _split(recipe.data.split, task, source)
    _contradictions(recipe.data.split, source)
    for i, check in enumerate(recipe.data.checks):
        _check(check, ("data", "checks", i), source)
    if task == "forecasting":
        _forecasting(recipe, source)
    elif recipe.forecast is not None:
        raise source.error(FORECAST, f"[forecast] is for a forecasting task; this is a {task}", "take the table out")


def duration(text: str | None, key: Key, source: Source, alternative: str | None = None) -> None:
    """Raises RecipeError where the text is no duration."""
    if text is not None:
        try:
            parse_duration(text)
        except ValueError as error:
            raise source.error(key, f"{'.'.join(str(part) for part in key[-2:])}: {error}", alternative) from None


def _data(data: Data, task: str, source: Source) -> None:
    texts = {"source": data.source, "target": data.target, "key": data.key, "weight": data.weight}
    for name, value in texts.items():
        if value == "":
            raise source.error(("data", name), f"data.{name} is empty")
        if value == ():
            raise source.error(("data", name), f"data.{name} is an empty list: expected at least one file")
    if "" in data.source and not isinstance(data.source, str):
        raise source.error(("data", "source", data.source.index("")), "data.source has an empty entry")
    if data.positive is not None and task != "classification":
        raise source.error(("data", "positive"), "only a classification has a positive class", "take the line out")
    csv, key = data.csv, ("data", "csv")
    if len(csv.separator.encode()) != 1:
        hint = 'one character such as ",", ";" or "\\t" (a tab)'
        raise source.error((*key, "separator"), f"csv.separator: expected one character, found {csv.separator!r}", hint)
    if csv.decimal_comma and csv.separator == ",":
        hint = 'usual beside it: separator = ";"'
        raise source.error((*key, "decimal_comma"), "a comma cannot be the separator and the decimal point", hint)
    try:
        codecs.lookup(csv.encoding)
    except LookupError:
        hint = did_you_mean(csv.encoding, ("utf-8", "latin-1", "cp1252", "utf-16"))
        raise source.error((*key, "encoding"), f"there is no encoding {csv.encoding!r}", hint) from None


def _split(split: Split, task: str, source: Source) -> None:
    duration(split.gap, (*SPLIT, "gap"), source)
    if isinstance(split.test, str):
        duration(split.test, (*SPLIT, "test"), source, "or a share of the rows without quotes, such as 0.2")
    elif not 0 < split.test < 1:
        hint = '0.2 holds out a fifth of the rows; with `by` also a duration such as "28d"'
        raise source.error(
            (*SPLIT, "test"), f"split.test: expected a share between 0 and 1, found {split.test:g}", hint
        )
    for name in ("by", "group", "unit", "source"):
        value = getattr(split, name)
        if value in ("", ()) or (isinstance(value, tuple) and "" in value):
            raise source.error((*SPLIT, name), f"split.{name} is empty")
    if split.by is None and split.source is None and (split.gap is not None or isinstance(split.test, str)):
        which, value = ("gap", split.gap) if split.gap is not None else ("test", split.test)
        hint = 'for example split = { by = "day", test = "28d", gap = "1d" }'
        raise source.error(
            (*SPLIT, which), f"{which} = {value!r} is a time: it needs `by`, the column of the time", hint
        )
    if split.by is not None and split.stratify:
        told = "a split by time cannot be stratified"
        raise source.error((*SPLIT, "stratify"), told, "take `stratify` or `by` out")
    if split.stratify and task != "classification":
        raise source.error((*SPLIT, "stratify"), "only a classification's split can be stratified", "take the key out")
    if not 2 <= split.folds <= MOST_FOLDS:
        hint = "5 is usual; each costs one more fit"
        told = f"split.folds: expected 2 to {MOST_FOLDS}, found {split.folds}"
        raise source.error((*SPLIT, "folds"), told, hint)


def _contradictions(split: Split, source: Source) -> None:
    """Two keys that each say which rows are the test."""
    if split.source is not None:
        for name in ("by", "gap", "group", "stratify"):
            if getattr(split, name) is not None:
                told = f"{name!r} decides which rows are the test, and so does split.source"
                raise source.error((*SPLIT, name), told, f"take `{name}` or `source` out")
        if split.test != Split().test:
            told = "split.test is a size of the test; the rows of split.source are the test"
            raise source.error((*SPLIT, "test"), told, "take `test` or `source` out")
    if split.group is not None and split.stratify:
        told = "groups are held out whole: their classes cannot be balanced too"
        raise source.error((*SPLIT, "stratify"), told, "take `stratify` or `group` out")
    if split.unit in PERIODS and split.by is None:
        told = f"unit = {split.unit!r} is a time: it needs `by`, the column of the time"
        hint = f"name the column in `by`, or another unit; a column called {split.unit!r} has to be renamed"
        raise source.error((*SPLIT, "unit"), told, hint)


def _forecasting(recipe: Recipe, source: Source) -> None:
    split, forecast = recipe.data.split, recipe.forecast
    if forecast is None:
        hint = "for example [forecast] with horizon = 24 and season = 168"
        raise source.error(("recipe", "task"), "a forecast lacks the table [forecast], which says how far ahead", hint)
    if split.by is None:
        hint = 'for example split = { by = "time", test = "28d" }'
        raise source.error(SPLIT, "a forecast needs split.by, the column of the time", hint)
    if split.group is not None:
        told = "a forecast is tested on later times, not on other groups"
        raise source.error((*SPLIT, "group"), told, "series are told apart by forecast.series")
    _steps(forecast, source)
    if not 0.5 < forecast.coverage < 1:
        told = f"forecast.coverage: expected a share between 0.5 and 1, found {forecast.coverage:g}"
        raise source.error((*FORECAST, "coverage"), told, "0.9 is an interval that nine of ten values lie in")
    if forecast.series == "" or (forecast.series is not None and forecast.series == split.by):
        told = "forecast.series names the column that tells series apart"
        raise source.error((*FORECAST, "series"), told, "take it out where there is one series")


def _steps(forecast: Forecast, source: Source) -> None:
    for name in ("horizon", "season", "stride"):
        value = getattr(forecast, name)
        if value is not None and not 1 <= value <= MOST_STEPS:
            told = f"forecast.{name}: expected 1 to {MOST_STEPS:,} steps, found {value}"
            raise source.error((*FORECAST, name), told)
    for i, lag in enumerate(forecast.lags):
        if not 1 <= lag <= MOST_STEPS:
            told = f"a lag counts steps back from the origin: expected 1 to {MOST_STEPS:,}, found {lag}"
            raise source.error((*FORECAST, "lags", i), told, "1 is the last known value")
        if i and lag <= forecast.lags[i - 1]:
            told = f"forecast.lags: {lag} after {forecast.lags[i - 1]}"
            raise source.error((*FORECAST, "lags", i), told, "name each lag once, in ascending order")


def _check(check: Check, key: Key, source: Source) -> None:
    by_column = {"type": check.type, "nulls": check.nulls, "min": check.min, "max": check.max,
                 "allowed": check.allowed, "unique": check.unique or None}  # fmt: skip
    asked = [name for name, rule in by_column.items() if rule is not None]
    if check.column is None and asked:
        raise source.error(key, f"this check lacks `column`, which {asked[0]!r} is about", 'column = "NAME"')
    if not asked and check.min_rows is None and check.max_rows is None:
        hint = f"add one of: {', '.join(by_column)}, min_rows, max_rows"
        raise source.error(key, "this check checks nothing", hint)
    if check.nulls is not None and not 0 <= check.nulls <= 1:
        hint = "0.0 allows none, 0.05 one row in twenty"
        raise source.error((*key, "nulls"), f"nulls: expected a share from 0 to 1, found {check.nulls:g}", hint)
