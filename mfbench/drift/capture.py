"""Captured requests: what a served model was asked and what it answered, a row for each row of a request.

    capture/<model>/<YYYY-MM-DD>/<writer>-<n>.parquet     written once, under a name that begins with a dot until whole
    capture/<model>/labels/*.parquet | *.csv              labels that came later: request_id, label, time (when it came)

request_id  text, what a label is joined by          inputs      struct: the model's inputs, without private ones
time        Datetime(us, UTC)                        prediction  struct: all that the model gave, as in its signature
model       text, its name                           decision    what was answered, of the type of `prediction`
version     Int64, null where it has no number       label       as the target, null until it is known
digest      text, of the bundle that answered

Of several labels of one request the last one counts. Readers take files in any order and ignore columns they do not
know.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from mfbench.core.ids import random_text
from mfbench.drift.kinds import between
from mfbench.drift.seen import KEY, LABEL, TIME

LABELS = "labels"  # folder with what became known later
REQUEST, MOMENT, INPUTS, PREDICTION, DECISION = "request_id", "time", "inputs", "prediction", "decision"
_TELLING = (REQUEST, MOMENT, INPUTS, PREDICTION)


def is_capture(schema: Mapping[str, Any]) -> bool:
    """Whether a file with these columns holds captured requests."""
    there = all(name in schema for name in _TELLING)
    return there and all(pl.Struct == schema[name] for name in (INPUTS, PREDICTION))


def flat(
    frame: pl.DataFrame, *, digest: str | None = None, name: str | None = None
) -> tuple[pl.DataFrame, dict[str, int]]:
    """(captured rows in the layout of seen.py; how many were left out, by who answered them). Rows that another model
    or another bundle answered are left out: by their digest where they have one, else by the name of the model."""
    gone: dict[str, int] = {}
    there = (pl.col("digest") if "digest" in frame.columns else pl.lit(None)).cast(pl.String)
    if digest is not None:
        ours = (there == digest).fill_null(value=True)
        frame, gone["another version"] = _kept(frame, ours)
    if name is not None and "model" in frame.columns:
        nameless = there.is_not_null() if digest is not None else pl.lit(value=False)
        ours = nameless | (pl.col("model") == name).fill_null(value=True)
        frame, gone["another model"] = _kept(frame, ours)
    inputs = frame[INPUTS].struct.unnest()
    answers = frame[PREDICTION].struct.unnest()
    columns = [*inputs, *(answers[each].alias(between(each)) for each in answers.columns)]
    columns += [frame[MOMENT].alias(TIME), frame[REQUEST].cast(pl.String).alias(KEY)]
    columns += [frame["label"].alias(LABEL)] if "label" in frame.columns else []
    return pl.DataFrame(columns), gone


def _kept(frame: pl.DataFrame, ours: pl.Expr) -> tuple[pl.DataFrame, int]:
    rows = frame.filter(ours)
    return rows, frame.height - rows.height


def write_capture(
    folder: Path,
    inputs: pl.DataFrame,
    answers: pl.DataFrame,
    *,
    times: Sequence[datetime],
    model: str,
    version: int | None = None,
    digest: str | None = None,
    request_ids: Sequence[str] | None = None,
    labels: pl.Series | None = None,
    private: Sequence[str] = (),
    writer: str | None = None,
) -> list[Path]:
    """Writes rows below capture/<model> (`folder`), a file for each day; it appears under its name when it is whole.

    inputs, answers: (n,) rows as the signature has them; `answers` holds the column prediction.
    """
    writer, rows = writer or random_text(8), inputs.height
    visible = inputs.drop(*private, strict=False)
    moments = pl.Series(MOMENT, times, dtype=pl.Datetime("us", "UTC")) if rows else pl.Series(MOMENT, [])
    frame = pl.DataFrame(
        [
            pl.Series(REQUEST, request_ids if request_ids is not None else [random_text(16) for _ in range(rows)]),
            moments,
            pl.Series("model", [model] * rows, dtype=pl.String),
            pl.Series("version", [version] * rows, dtype=pl.Int64),
            pl.Series("digest", [digest] * rows, dtype=pl.String),
            visible.to_struct(INPUTS),
            answers.to_struct(PREDICTION),
            answers["prediction"].alias(DECISION),
            (labels if labels is not None else answers["prediction"].clear(rows)).alias("label"),
        ]
    )
    written = []
    for (day,), part in frame.group_by(pl.col(MOMENT).dt.date(), maintain_order=True):
        place = folder / str(day)
        place.mkdir(parents=True, exist_ok=True)
        path = place / f"{writer}-{len(list(place.glob(f'{writer}-*.parquet')))}.parquet"
        staged = path.with_name(f".{path.name}")
        part.write_parquet(staged)
        staged.replace(path)
        written.append(path)
    return written


def write_labels(folder: Path, request_ids: Sequence[str], labels: pl.Series, when: datetime | None = None) -> Path:
    """Labels that became known later, below capture/<model> (`folder`)."""
    place = folder / LABELS
    place.mkdir(parents=True, exist_ok=True)
    path = place / f"{random_text(8)}.parquet"
    moment = pl.Series("time", [when or datetime.now(UTC)] * len(request_ids), dtype=pl.Datetime("us", "UTC"))
    frame = pl.DataFrame([pl.Series(REQUEST, request_ids), labels.alias("label"), moment])
    staged = path.with_name(f".{path.name}")
    frame.write_parquet(staged)
    staged.replace(path)
    return path
