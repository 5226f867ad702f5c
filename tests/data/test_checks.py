"""Data checks: what holds, what fails, and which rows fail it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest

from mfbench.core.errors import FitError
from mfbench.data.checks import CheckResult, run_checks
from mfbench.data.target import TARGET, WEIGHT
from mfbench.recipe.schema import Check, Data

FRAME = pl.DataFrame(
    {
        "id": [1, 2, 2, 4],
        "x": [0.5, None, float("nan"), 3.0],
        "big": [2**60, 2**60 + 1, 5, None],
        "s": ["a", "b", "c", None],
        "k": [True, False, True, None],
        "day": [date(2024, 1, 1), date(2024, 6, 1), None, date(2025, 1, 1)],
        "at": pl.Series([datetime(2024, 1, 1, h, tzinfo=UTC) for h in (0, 6, 12, 18)]),
        "empty": pl.Series([None] * 4, dtype=pl.String),
        TARGET: [0, 1, 0, 1],
        WEIGHT: [1.0, 1.0, 1.0, 1.0],
    }
)


def check(**rules: Any) -> list[CheckResult]:
    return run_checks(FRAME, Data(source="", target="", checks=(Check(**rules),)))


def outcome(**rules: Any) -> tuple[bool, Any, list[int] | None]:
    """(passed, what was observed, the rows that fail)."""
    [result] = check(**rules)
    bad = None if result.bad is None else [i for i, is_bad in enumerate(result.bad) if is_bad]
    return result.passed, result.observed, bad


@pytest.mark.parametrize(
    ("rules", "passed", "observed", "bad"),
    [
        ({"min_rows": 4}, True, 4, None),
        ({"min_rows": 5}, False, 4, None),
        ({"max_rows": 3}, False, 4, None),
        ({"column": "id", "type": "integer"}, True, "Int64", None),
        ({"column": "id", "type": "number"}, True, "Int64", None),
        ({"column": "id", "type": "float"}, False, "Int64", None),
        ({"column": "s", "type": "string"}, True, "String", None),
        ({"column": "k", "type": "boolean"}, True, "Boolean", None),
        ({"column": "day", "type": "date"}, True, "Date", None),
        ({"column": "day", "type": "datetime"}, False, "Date", None),
        ({"column": "x", "nulls": 0.5}, True, 0.5, [1, 2]),
        ({"column": "x", "nulls": 0.4}, False, 0.5, [1, 2]),
        ({"column": "id", "unique": True}, False, 2, [1, 2]),
        ({"column": "s", "unique": True}, True, 0, []),
        ({"column": "x", "min": 0.5}, True, 0.5, []),
        ({"column": "x", "min": 1}, False, 0.5, [0]),
        ({"column": "x", "max": 2}, False, 3.0, [3]),
        ({"column": "big", "max": 2**60}, False, 2**60 + 1, [1]),
        ({"column": "day", "min": "2024-02-01"}, False, "2024-01-01", [0]),
        ({"column": "day", "max": "2024-12-31"}, False, "2025-01-01", [3]),
        ({"column": "at", "min": "2024-01-01T06:00:00"}, False, "2024-01-01 00:00:00+00:00", [0]),
        ({"column": "at", "max": "2024-01-01"}, False, "2024-01-01 18:00:00+00:00", [1, 2, 3]),
        ({"column": "s", "allowed": ("a", "b")}, False, ["c"], [2]),
        ({"column": "s", "allowed": ("a", "b", "c", "d")}, True, [], []),
        ({"column": "id", "allowed": (1, 2)}, False, [4], [3]),
        ({"column": "id", "allowed": (1.0, 2.5)}, False, [2, 4], [1, 2, 3]),
        ({"column": "big", "allowed": (2**60, 5)}, False, [2**60 + 1], [1]),
        ({"column": "x", "allowed": (0.5, 3)}, False, [float("nan")], [2]),
        ({"column": "k", "allowed": (True,)}, False, [False], [1]),
        ({"column": "day", "allowed": ("2024-01-01", "2024-06-01")}, False, [date(2025, 1, 1)], [3]),
        ({"column": "empty", "nulls": 0.0}, False, 1.0, [0, 1, 2, 3]),
        ({"column": "empty", "unique": True}, True, 0, []),
        ({"column": "empty", "min": "a"}, True, None, []),
    ],
)
def test_a_rule(rules: dict[str, Any], passed: bool, observed: Any, bad: list[int] | None) -> None:
    found = outcome(**rules)
    assert (found[0], found[2]) == (passed, bad)
    assert str(found[1]) == str(observed)


def test_rules_come_in_the_recipes_order_and_the_key_first() -> None:
    data = Data(
        source="", target="", key="id", checks=(Check(column="s", nulls=0.5, allowed=("a",)), Check(min_rows=1))
    )
    results = run_checks(FRAME, data)
    assert [result.name for result in results] == [
        "id: nulls",
        "id: unique",
        "s: nulls",
        "s: allowed",
        "rows: at least",
    ]
    assert [result.passed for result in results] == [True, False, True, False, True]


@pytest.mark.parametrize(
    ("rules", "key", "says"),
    [
        ({"column": "idd", "min": 1}, "column", "did you mean 'id'?"),
        ({"column": TARGET, "min": 1}, "column", "there is no column"),
        ({"column": "id", "min": "1"}, "min", "min = \"1\" cannot be compared with 'id', which is Int64"),
        ({"column": "s", "max": 1}, "max", "max = 1 cannot be compared with 's', which is String"),
        ({"column": "day", "max": "soon"}, "max", 'a value in the data: "2024-01-01"'),
        ({"column": "k", "allowed": (1,)}, "allowed", "which is Boolean"),
        ({"column": "id", "allowed": (True,)}, "allowed", "which is Int64"),
    ],
)
def test_a_rule_that_cannot_be(rules: dict[str, Any], key: str, says: str) -> None:
    with pytest.raises(FitError) as caught:
        check(**rules)
    assert caught.value.key == ("data", "checks", 0, key)
    assert says in str(caught.value)
    assert "__" not in str(caught.value.hint)
