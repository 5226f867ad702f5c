"""Keys with a column of their own: the same answers as from the maps."""

from __future__ import annotations

import math
import tarfile
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mfbench.store.filters import order_sql, where_sql
from mfbench.store.slots import EACH, SLOTS, known_slots
from mfbench.store.store import Store
from mfbench.tracking.run import start_run
from mfbench.workspace.workspace import Workspace, create

_KEYS = st.integers(0, EACH + 8).map(lambda number: f"k.{number}'\"{{}}")
_RUNS = st.dictionaries(_KEYS, st.sampled_from([0.0, -1.5, math.nan, math.inf]), max_size=EACH + 8)


def _log(workspace: Workspace, entries: dict[str, float]) -> None:
    with start_run("n", workspace=workspace.root) as run:
        run.log_params({key: str(value) for key, value in entries.items()})
        run.log_metrics(entries)


@given(st.lists(st.lists(_RUNS, max_size=4), min_size=1, max_size=3))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_slots_hold_what_the_maps_hold(folds: list[list[dict[str, float]]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        workspace = create(Path(folder))
        for runs in folds:
            for entries in runs:
                _log(workspace, entries)
            Store(workspace).update()
        with Store(workspace).reading() as con:
            slots = known_slots(con)
            assert len(slots) <= len(SLOTS)
            for name, slot in slots.items():
                kind, _, key = name.partition(".")
                differ = f"SELECT count(*) FROM run_rows WHERE {kind}[?] IS DISTINCT FROM {slot}"
                assert con.execute(differ, [key]).fetchall() == [(0,)]
            seen = {f"{kind}.{key}" for runs in folds for one in runs for key in one for kind in ("params", "metrics")}
            assert set(slots) <= seen
            assert set(slots) == seen or len(slots) >= EACH


def test_the_most_frequent_keys_come_first(workspace: Workspace) -> None:
    for number in range(3):
        _log(workspace, {f"rare{number}.{place}": 1.0 for place in range(EACH)} | {"often": 2.0})
    with Store(workspace).reading() as con:
        assert "metrics.often" in known_slots(con)
        assert "params.often" in known_slots(con)


def test_a_migrated_database_has_them_too(tmp_path: Path) -> None:
    with tarfile.open(Path(__file__).parent / "workspaces" / "v1.tar.gz") as archive:
        archive.extractall(tmp_path, filter="data")
    workspace = Workspace(tmp_path / ".mfbench")
    _log(workspace, {"late": 1.0})
    with Store(workspace).reading() as con:
        migrated = con.execute("SELECT run, page FROM run_rows ORDER BY run").fetchall()
        assert "metrics.late" in known_slots(con)
        for name, slot in known_slots(con).items():
            kind, _, key = name.partition(".")
            differ = f"SELECT count(*) FROM run_rows WHERE {kind}[?] IS DISTINCT FROM {slot}"
            assert con.execute(differ, [key]).fetchall() == [(0,)]
    Store(workspace).rebuild()
    with Store(workspace).reading() as con:
        assert con.execute("SELECT run, page FROM run_rows ORDER BY run").fetchall() == migrated


def test_conditions_and_orders_use_them() -> None:
    slots = {"metrics.auc": "m3", "params.lr": "p0"}
    assert where_sql("METRICS.auc > 0.5 and params.lr < 1 and params.other = 'x'", slots) == (
        "nullif(m3, 'nan') > 0.5 and try_cast(p0 AS DOUBLE) < 1 and params['other'] = 'x'"
    )
    assert order_sql('-metrics."auc"', slots) == "nullif(m3, 'nan') DESC NULLS LAST"
