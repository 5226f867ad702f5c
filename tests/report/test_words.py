from __future__ import annotations

import math

import pytest

from mfbench.report import words


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (0.71734, "0.7173"), (-0.5, "−0.5"), (0, "0"), (26339, "26,339"), (1234.567, "1,235"), (2e7, "20,000,000"),
        (1.5e-7, "1.5e-07"), (None, "–"), (math.nan, "–"), (math.inf, "∞"), (-math.inf, "−∞"),
    ],
)  # fmt: skip
def test_numbers(value: object, told: str) -> None:
    assert words.number(value) == told


def test_an_interval_decides_the_decimals() -> None:
    assert words.estimate(0.71734, 0.70941, 0.72512) == ("0.717", "0.709", "0.725")
    assert words.estimate(1234.5, 1100.2, 1300.9) == ("1,234", "1,100", "1,301")
    assert words.estimate(0.7, None, None) == ("0.7", "–", "–")
    assert words.estimate(0.7, 0.7, 0.7) == ("0.7", "0.7", "0.7")
    assert words.estimate(0.7, math.nan, 0.9) == ("0.7", "–", "0.9")
    assert words.estimate(-0.00001, -0.001, 0.001)[0] == "0.0000"
    assert [words.probability(p) for p in (0.0, 0.00051, 0.41, None)] == ["<0.0001", "0.00051", "0.41", "–"]
    assert words.signed(0.0034, -0.0011, 0.0079) == "+0.0034"


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, "(missing)"), ("", "(empty)"), (" \t", "(empty)"), (True, "true"), (2.50, "2.5"),
        ("a\nb\x1b[31mc", "a b�[31mc"),
        ("\u202egnp.exe", "�gnp.exe"), ("x" * 500, "x" * 79 + "…"), ("\ud800", "�"), ("名前 🦆", "名前 🦆"),
    ],
)  # fmt: skip
def test_names_cannot_steer(value: object, told: str) -> None:
    assert words.name(value) == told


def test_a_share_that_is_there_is_never_nothing() -> None:
    shown = [words.share(value).replace("\N{NO-BREAK SPACE}", " ") for value in (0, 0.0001, 0.0123, 0.123, 1, None)]
    assert shown == ["0 %", "<0.1 %", "1.2 %", "12 %", "100 %", "–"]
