"""Scoring files: every format, and every way to get it wrong."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.support import Project


@pytest.fixture(scope="module")
def scorer(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("score"))
    project.json("run", "tiny.toml")
    rows = pl.read_csv(project.folder / "tiny.csv").drop("bought")
    rows.write_csv(project.folder / "rows.csv")
    rows.write_csv(project.folder / "rows-semicolon.csv", separator=";")
    rows.write_parquet(project.folder / "rows.parquet")
    rows.write_ndjson(project.folder / "rows.jsonl")
    return project


@pytest.mark.parametrize("source", ["rows.csv", "rows.parquet", "rows.jsonl", "rows-semicolon.csv"])
@pytest.mark.parametrize("out", ["out.csv", "out.parquet", "out.jsonl"])
def test_every_format_gives_the_same_predictions(scorer: Project, source: str, out: str) -> None:
    words = ["--separator", ";"] if "semicolon" in source else []
    done = scorer.json("score", "tiny", source, "-o", out, "--force", *words)
    assert done["rows"] == 120
    readers = {".csv": pl.read_csv, ".parquet": pl.read_parquet, ".jsonl": pl.read_ndjson}
    scored = readers[Path(out).suffix](scorer.folder / out)
    assert scored.columns == ["amount", "shop", "prediction", "probability"]
    reference = pl.read_csv(scorer.folder / "tiny.csv")
    assert scored["amount"].to_list() == reference["amount"].to_list()
    assert set(scored["prediction"].unique()) <= {"yes", "no"}
    yes = scored["prediction"] == "yes"
    assert ((scored["probability"] > 0.5) == yes).all()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("nothing", "rows.csv", "-o", "x.csv"), "there is no model 'nothing'"),
        (("tini", "rows.csv", "-o", "x.csv"), "did you mean 'tiny'?"),
        (("tiny:7", "rows.csv", "-o", "x.csv"), "has no version '7'"),
        (("tiny@prod", "rows.csv", "-o", "x.csv"), "has no alias 'prod'"),
        (("tiny", "none.csv", "-o", "x.csv"), "there is no file 'none.csv'"),
        (("tiny", "rows.csv", "-o", "x.xlsx"), "ending is not known"),
        (("tiny", "rows.csv", "-o", "rows.csv"), "--force"),
        (("tiny", "rows.csv", "-o", "nowhere/x.csv"), "folder does not exist"),
        (("tiny", "rows-semicolon.csv", "-o", "x.csv"), "add --separator"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_written(scorer: Project, words: tuple[str, ...], message: str) -> None:
    done = scorer.mfbench("score", *words)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not (scorer.folder / "x.csv").exists()
    assert not [path for path in scorer.folder.iterdir() if path.name.startswith(".x")]


def test_a_value_of_the_wrong_type_names_its_column(scorer: Project) -> None:
    (scorer.folder / "odd.csv").write_text("amount,shop\n1,a\nmany,b\n")
    done = scorer.mfbench("score", "tiny", "odd.csv", "-o", "x.csv")
    assert done.returncode == 2
    assert "column 'amount' should be Int64, not String" in done.stderr
