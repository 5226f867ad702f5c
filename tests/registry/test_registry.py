"""Versions, aliases and names of models."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from mfbench.bundle.manifest import verify
from mfbench.bundle.pack import pack
from mfbench.core.errors import DamageError, NotFoundError, UsageError
from mfbench.journal.blobs import Blobs
from mfbench.journal.ledger import read_ledger
from mfbench.registry.describe import describe
from mfbench.registry.models import ChampionMovedError, RegisteredModel, Registry, Version
from tests.children import kill, output, start

FACTS = {"run": "r1", "metrics": {"auc": 0.7}, "data": "d0", "provenance": ""}


def _register(registry: Registry, digest: str, name: str = "m", alias: str | None = None) -> Version:
    """As a run does that compares with whoever is champion now."""
    champion = registry.models().get(name, RegisteredModel(name)).champion()
    seen = champion.digest if champion else None
    return registry.register(name, digest, FACTS, reason="it is good", alias=alias, compared_with=seen)[0]


def test_versions_are_numbered_from_one(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MFBENCH_ACTOR", "ada")
    versions = [_register(registry, f"digest{number}") for number in range(3)]
    assert [version.number for version in versions] == [1, 2, 3]
    assert [version.name for version in versions] == ["m:1", "m:2", "m:3"]
    first = versions[0]
    assert (first.model, first.digest, first.run, first.actor, first.reason) == (
        "m",
        "digest0",
        "r1",
        "ada",
        "it is good",
    )
    assert (first.metrics, first.data) == ({"auc": 0.7}, "d0")
    assert _register(registry, "digest0", name="other").number == 1
    assert list(registry.models()) == ["m", "other"]
    assert registry.model("m").versions == {version.number: version for version in versions}


def test_the_same_digest_is_the_same_version(registry: Registry) -> None:
    first = _register(registry, "same")
    _register(registry, "another")
    before = len(read_ledger(registry.workspace.ledger))
    again, new = registry.register("m", "same", FACTS, reason="again", alias=None, compared_with="same")
    assert (again, new) == (first, False)
    assert len(read_ledger(registry.workspace.ledger)) == before
    again, new = registry.register("m", "another", FACTS, reason="better", alias="champion", compared_with="same")
    assert (again.number, new) == (2, False)
    assert registry.find("m").number == 2


def test_only_the_first_version_becomes_champion_by_itself(registry: Registry) -> None:
    _register(registry, "a")
    assert registry.model("m").aliases == {"champion": 1}
    _register(registry, "b")
    assert registry.model("m").aliases == {"champion": 1}
    _register(registry, "c", alias="canary")
    _register(registry, "d", alias="champion")
    assert registry.model("m").aliases == {"champion": 4, "canary": 3}
    assert registry.model("m").aliases_of(4) == ["champion"]
    _register(registry, "a", name="other", alias="canary")
    assert registry.model("other").aliases == {"champion": 1, "canary": 1}
    reasons = [entry.reason for entry in registry.history("other") if entry.kind == "model.alias"]
    assert sorted(reasons) == ["it is good", "the first version"]


def test_a_champion_that_has_moved_is_told_and_nothing_is_written(registry: Registry) -> None:
    _register(registry, "a")
    before = registry.workspace.ledger.read_bytes()
    for seen in (None, "b"):
        with pytest.raises(ChampionMovedError, match="champion of m has changed"):
            registry.register("m", "new", FACTS, reason="", alias="champion", compared_with=seen)
    with pytest.raises(ChampionMovedError):
        registry.register("fresh", "new", FACTS, reason="", alias=None, compared_with="a")
    assert registry.workspace.ledger.read_bytes() == before


RACER = """
import sys
from pathlib import Path
from mfbench.registry.models import ChampionMovedError, RegisteredModel, Registry
from mfbench.workspace.workspace import Workspace
registry = Registry(Workspace(Path(sys.argv[1])))
moved = 0
for number in range(15):
    while True:
        champion = registry.models().get("m", RegisteredModel("m")).champion()
        seen = champion.digest if champion else None
        try:
            version, new = registry.register(
                "m", f"{sys.argv[2]}{number}", {"run": "r", "metrics": {}},
                reason="", alias="champion", compared_with=seen,
            )
        except ChampionMovedError:
            moved += 1
            continue
        assert new
        print(version.number, seen, version.digest)
        break
"""


def test_processes_that_register_at_once_get_numbers_of_their_own(registry: Registry) -> None:
    """Each new champion was compared with exactly the champion before it."""
    children = [start(RACER, registry.workspace.root, name) for name in "abc"]
    told = [line.split() for child in children for line in output(child).splitlines()]
    told.sort(key=lambda line: int(line[0]))
    assert [int(number) for number, _, _ in told] == list(range(1, 46))
    assert [seen for _, seen, _ in told] == ["None", *(digest for _, _, digest in told[:-1])]
    assert registry.find("m").number == 45
    assert len(read_ledger(registry.workspace.ledger)) == 90


def test_killed_processes_leave_numbers_without_gaps(registry: Registry) -> None:
    chance = random.Random(2)
    for name in "abcd":
        child = start(RACER.replace("range(15)", "range(10_000)"), registry.workspace.root, name)
        assert child.stdout is not None
        for _ in range(chance.randrange(1, 8)):
            child.stdout.readline()
        kill(child)
    numbers = list(registry.model("m").versions)
    assert numbers == list(range(1, len(numbers) + 1))
    assert _register(registry, "last").number == len(numbers) + 1


class TestFind:
    @pytest.fixture
    def filled(self, registry: Registry) -> Registry:
        for digest in ("a", "b", "c"):
            _register(registry, digest, "flight-delay")
        registry.set_alias("flight-delay", "canary", 3)
        registry.set_alias("flight-delay", "champion", 2)
        _register(registry, "d", "single")
        registry.remove_alias("single", "champion")
        return registry

    @pytest.mark.parametrize(
        ("text", "name"),
        [
            ("flight-delay", "flight-delay:2"),
            ("flight-delay@champion", "flight-delay:2"),
            ("flight-delay@canary", "flight-delay:3"),
            ("flight-delay:1", "flight-delay:1"),
            ("flight-delay:003", "flight-delay:3"),
            ("single", "single:1"),  # no champion, but only one
        ],
    )
    def test_every_form(self, filled: Registry, text: str, name: str) -> None:
        assert filled.find(text).name == name

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("flight-dela", "there is no model 'flight-dela'; did you mean 'flight-delay'?"),
            ("x", "there is no model 'x'; known: flight-delay, single"),
            ("", "there is no model ''"),
            ("flight-delay:4", "flight-delay has no version '4'; versions: 1, 2, 3"),
            ("flight-delay:", "has no version ''"),
            ("flight-delay:-1", "has no version '-1'"),
            ("flight-delay:²", "has no version '²'"),
            ("flight-delay:1.0", "has no version '1.0'"),
            ("flight-delay:champion", "has no version 'champion'"),
            ("flight-delay@cannary", "flight-delay has no alias 'cannary'; did you mean 'canary'?"),
            ("flight-delay@", "has no alias ''"),
            ("single@champion", "single has no alias 'champion'; there are none"),
            ("@champion", "there is no model ''"),
        ],
    )
    def test_every_error(self, filled: Registry, text: str, told: str) -> None:
        with pytest.raises(NotFoundError) as caught:
            filled.find(text)
        assert told in str(caught.value).replace("\n  ", "; ")

    def test_several_without_a_champion_are_listed(self, filled: Registry) -> None:
        filled.remove_alias("flight-delay", "champion")
        with pytest.raises(NotFoundError, match="several versions and no champion") as caught:
            filled.find("flight-delay")
        assert caught.value.hint == "name one of flight-delay:1, flight-delay:2, flight-delay:3"

    def test_in_an_empty_registry_the_way_to_a_first_model_is_told(self, registry: Registry) -> None:
        with pytest.raises(NotFoundError, match="mfbench run RECIPE"):
            registry.find("m")


def test_an_alias_moves_and_is_remembered(registry: Registry) -> None:
    for digest in "abc":
        _register(registry, digest)
    version, before = registry.set_alias("m", "canary", 2, "to try it")
    assert (version.number, before) == (2, None)
    assert registry.set_alias("m", "canary", 3)[1] == 2
    size = registry.workspace.ledger.stat().st_size
    assert registry.set_alias("m", "canary", 3)[1] == 3  # it points there already: nothing to write
    assert registry.workspace.ledger.stat().st_size == size
    assert registry.remove_alias("m", "canary", "tried") == 3
    assert registry.model("m").aliases == {"champion": 1}
    told = [(e.body["version"], e.body["previous"], e.reason) for e in registry.history("m")
            if e.kind == "model.alias" and e.body["alias"] == "canary"]  # fmt: skip
    assert told == [(2, None, "to try it"), (3, 2, ""), (None, 3, "tried")]
    with pytest.raises(NotFoundError):
        registry.remove_alias("m", "canary")
    with pytest.raises(NotFoundError):
        registry.set_alias("m", "canary", 9)


@pytest.mark.parametrize("alias", ["", "7", "a b", "a/b", "a:b", "a@b", "-a", "x" * 64, "ünï"])
def test_what_cannot_be_an_alias(registry: Registry, alias: str) -> None:
    _register(registry, "a")
    with pytest.raises(UsageError, match="cannot be an alias"):
        registry.set_alias("m", alias, 1)


def test_an_alias_that_another_process_has_just_taken_away(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    version = _register(registry, "a")
    registry.remove_alias("m", "champion")
    before = registry.workspace.ledger.read_bytes()
    monkeypatch.setattr(Registry, "find", lambda *_: version)  # what it saw a moment ago
    assert registry.remove_alias("m", "champion") == 1
    assert registry.workspace.ledger.read_bytes() == before


def test_history_is_the_models_own(registry: Registry) -> None:
    _register(registry, "a")
    _register(registry, "b", "other")
    assert [entry.kind for entry in registry.history("m")] == ["model.version", "model.alias"]
    with pytest.raises(NotFoundError):
        registry.history("nobody")


def test_a_list_is_newest_first(registry: Registry) -> None:
    _register(registry, "a")
    _register(registry, "b", "other")
    _register(registry, "c")
    rows = describe(registry.models())
    assert [(row["name"], row["version"], row["aliases"]) for row in rows] == [
        ("m", 2, []), ("other", 1, ["champion"]), ("m", 1, ["champion"]),
    ]  # fmt: skip
    assert rows[0]["registered"].endswith("+00:00")
    assert rows[0]["metrics"] == {"auc": 0.7}


class TestCheckout:
    @pytest.fixture
    def version(self, registry: Registry, tmp_path: Path) -> Version:
        folder = tmp_path / "bundle"
        (folder / "model").mkdir(parents=True)
        (folder / "README.md").write_text("a model")
        (folder / "model" / "weights.bin").write_bytes(bytes(range(256)) * 100)
        facts = dict.fromkeys(("name", "task", "flavor", "estimator", "target", "python"), "x")
        lists = dict.fromkeys(("classes", "inputs", "outputs", "features", "requirements"), ())
        digest = pack(folder, metrics={}, **facts, **lists)
        blobs = Blobs(registry.workspace.blobs)
        for path in folder.rglob("*"):
            if path.is_file():
                blobs.put(path.read_bytes())
        told = FACTS | {"provenance": blobs.put(b'{"run": "r1"}')}
        return registry.register("m", digest, told, reason="", alias=None, compared_with=None)[0]

    def test_it_is_the_whole_bundle(self, registry: Registry, version: Version, tmp_path: Path) -> None:
        folder = registry.checkout(version, tmp_path / "deep" / "out")
        assert verify(folder)[1] == version.digest
        assert (folder / "model" / "weights.bin").read_bytes() == bytes(range(256)) * 100
        assert (folder / "provenance.json").read_bytes() == b'{"run": "r1"}'
        (folder / "README.md").write_text("mine to change")
        registry.checkout(version, tmp_path / "again")
        assert (tmp_path / "again" / "README.md").read_text() == "a model"

    def test_every_file_is_checked(self, registry: Registry, version: Version, tmp_path: Path) -> None:
        for number, path in enumerate(sorted(registry.workspace.blobs.iterdir())):
            content = path.read_bytes()
            path.chmod(0o644)
            for broken in (content[:-1] + bytes([content[-1] ^ 1]), content[:-1], b""):
                path.write_bytes(broken)
                with pytest.raises(DamageError, match="not what was written"):
                    registry.checkout(version, tmp_path / f"out{number}")
            path.unlink()
            with pytest.raises(DamageError, match="is missing"):
                registry.checkout(version, tmp_path / f"out{number}")
            path.write_bytes(content)
        assert number == 3
        registry.checkout(version, tmp_path / "whole")
