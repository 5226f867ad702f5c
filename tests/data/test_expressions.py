"""What an expression may do: look at its own row, and nothing else."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

import polars as pl
import pytest

from mfbench.data.expressions import evaluate, parse, roots

FRAME = pl.DataFrame(
    {
        "a": [1, 2, None, 4, -5],
        "b": [1.5, None, 2.25, float("nan"), -0.5],
        "s": ["x", "y-z", None, "", "Ärger"],
        "k": [True, False, None, True, False],
        "d": [date(2024, 1, 31), date(2024, 2, 29), None, date(1999, 12, 31), date(2024, 1, 1)],
        "t": [
            datetime(2024, 1, 1, 5, 30),
            datetime(2024, 6, 1, 23, 59, 59),
            None,
            datetime(1970, 1, 1),
            datetime(2030, 1, 1),
        ],
        "z": pl.Series([datetime(2024, 1, 1, h, tzinfo=UTC) for h in (0, 5, 12, 18, 23)]).dt.convert_time_zone("UTC"),
        "num": ["1", "2.5", None, "no", "-3"],
        "iso": ["2024-01-31", "2024-02-01", None, "2024-12-24", "1999-01-01"],
        "order": [1, 2, 3, 4, 5],
        "a.b": [1, 2, 3, 4, 5],
        "with space": [1, 2, 3, 4, 5],
    }
)
ROW_WISE = [
    "a", "-a", "a + 1", "a * b - 2", "a / 2", "1 / a", "a % 2", "mod(a, 2)", "a // 2", "div(a, 2)",
    "abs(a)", "sqrt(abs(b))", "power(a, 2)", "exp(b)", "ln(abs(b))", "log10(abs(b))", "log2(abs(b))", "log1p(abs(b))",
    "sign(a)", "floor(b)", "ceil(b)", "round(b)", "round(b, 1)", "sin(a)", "cos(a)", "atan2(a, b)", "cbrt(b)",
    "greatest(a, b)", "least(a, b)", "coalesce(a, 0)", "nullif(a, 1)", "ifnull(a, 0)",
    "a > 1", "a >= 1 and b < 2", "not k", "k or a > 3", "a = 1", "a <> 1", "a is distinct from b",
    "a between 1 and 3", "a in (1, 2)", "a not in (1, 2)", "a is null", "a is not null", "k is true",
    "case when a > 1 then 1 when a is null then -1 else 0 end", "if(k, 1, 2)",
    "upper(s)", "lower(s)", "length(s)", "substr(s, 1, 1)", "left(s, 2)", "right(s, 2)", "trim(s)", "initcap(s)",
    "replace(s, 'x', 'y')", "s || '_' || s", "concat(s, '_', a)", "starts_with(s, 'x')", "ends_with(s, 'z')",
    "strpos(s, 'z')", "split_part(s, '-', 1)", "string_to_array(s, '-')[1]", "reverse(s)", "lpad(s, 5, '0')",
    "s like 'x%'", "s ilike 'X%'", "s in ('x', 'y-z')", "regexp_like(s, '^[a-z]')", "s ~ 'y'",
    "extract(hour from t)", "extract(dow from d)", "date_part('month', d)", "extract(epoch from t)", "year(d)",
    "hour(z)", "extract(hour from z)", "strftime(t, '%H')", "d > date '2024-01-15'",
    "t > timestamp '2024-01-01 05:00:00'",
    "d - date '2024-01-01'", "t - timestamp '2024-01-01 00:00:00'", "t + interval '1 day'", "d::timestamp",
    "cast(a as double)", "a::varchar", "try_cast(num as double)", "try_cast(num as int)", "cast(k as int)",
    "date(iso)", "strptime(iso, '%Y-%m-%d')", "date '2024-01-31' < d",
    '"order" + 1', '"a.b" * 2', '"with space" - 1',
]  # fmt: skip
REFUSED = {
    "sum(a)": "an aggregate",
    "a / max(a)": "an aggregate",
    "count(*)": "an aggregate",
    "count(a)": "an aggregate",
    "stddev(a)": "an aggregate",
    "median(a)": "an aggregate",
    "first(a)": "an aggregate",
    "array_agg(a)": "an aggregate",
    "quantile_cont(a, 0.5)": "an aggregate",
    "string_agg(s, ',')": "an aggregate",
    "corr(a, b)": "an aggregate",
    "coalesce(a, avg(a))": "an aggregate",
    "case when a > min(a) then 1 else 0 end": "an aggregate",
    "cast(sum(a) as double)": "an aggregate",
    "sum(a) filter (where a > 1)": "an aggregate",
    "sum(a) over (partition by s)": "a window",
    "rank() over (order by a)": "a window",
    "row_number() over ()": "position",
    "lag(a)": "a window",
    "lead(a) over (order by d)": "a window",
    "(select 1)": "a subquery",
    "a in (select a from rows)": "a subquery",
    "exists (select 1)": "a subquery",
    "now()": "clock",
    "d > now()": "clock",
    "current_date": "clock",
    "current_timestamp": "clock",
    "extract(hour from current_time)": "clock",
    "t > now() - interval '1 day'": "clock",
    "today()": "clock",
    "random()": "random",
    "a + rand()": "random",
    "unnest(string_to_array(s, '-'))": "more than one value",
    "columns('a')": "more than one column",
    "read_csv('/etc/passwd')": "not there",
    "a b": "more than one expression",
    "a, b": "one expression",
    "a; b": "one expression",
    "select a": "SQL",
    "a.b": "double quotes",
    "a +": "whole",
    "": "empty",
    "zz + 1": "did you mean 'z'?",
    '"x" = s': "single quotes",
    "s + 1": "no number",
    "a > 'x'": "compared",
    "upper(a)": "text",
    "extract(hour from a)": "date",
}


def each_row(sql: str) -> list[object]:
    return [evaluate(FRAME[i : i + 1], sql)[0] for i in range(FRAME.height)]


@pytest.mark.parametrize("sql", ROW_WISE)
def test_a_row_alone_gives_what_it_gives_among_others(sql: str) -> None:
    together = evaluate(FRAME, sql)
    assert len(together) == FRAME.height
    assert [repr(value) for value in each_row(sql)] == [repr(value) for value in together]
    backwards = evaluate(FRAME.reverse(), sql).reverse()
    assert [repr(value) for value in backwards] == [repr(value) for value in together]


@pytest.mark.parametrize("sql", REFUSED)
def test_refused(sql: str) -> None:
    with pytest.raises(ValueError, match=re.escape(REFUSED[sql])) as caught:
        parse(sql, FRAME.schema)
    assert "\n" not in str(caught.value)


def test_values() -> None:
    assert evaluate(FRAME, "a > 1").to_list() == [False, True, None, True, False]
    assert evaluate(FRAME, "extract(hour from z)").to_list() == [0, 5, 12, 18, 23]
    assert evaluate(FRAME, "case when s like '%-%' then 1 else 0 end").to_list() == [0, 1, 0, 0, 0]
    assert evaluate(FRAME, "d >= date '2024-01-31'").to_list() == [True, True, None, False, False]


def test_a_constant_is_as_long_as_the_rows() -> None:
    assert evaluate(FRAME, "1 + 1").to_list() == [2] * FRAME.height
    assert evaluate(FRAME.clear(), "1 + 1").to_list() == []


def test_a_fixed_date_is_not_the_clock() -> None:
    today = datetime.now(UTC).date()
    assert evaluate(FRAME, f"d < date '{today}'").to_list() == [True, True, None, True, True]


def test_roots_are_the_columns_that_are_read() -> None:
    assert set(roots('"a.b" + a > b and s is null')) == {"a.b", "a", "b", "s"}


def test_a_row_that_cannot_be_computed_is_told() -> None:
    with pytest.raises(ValueError, match="try_cast") as caught:
        evaluate(FRAME, "cast(num as double)")
    assert "'num'" in str(caught.value)
    assert '"no"' in str(caught.value)
