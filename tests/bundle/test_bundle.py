"""A bundle is enough by itself, says what it is, and trusts nobody."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import polars as pl
import pytest

from mfbench.bundle.manifest import read_manifest, verify
from mfbench.bundle.model import Model
from mfbench.core.errors import DamageError, UsageError
from mfbench.core.hashing import digest_bytes, digest_file
from tests.support import Project


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = Project(tmp_path_factory.mktemp("bundle"))
    project.json("run", "tiny.toml")
    assert project.mfbench("models", "export", "tiny", "exported").returncode == 0
    return project.folder / "exported"


@pytest.fixture
def bundle(exported: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(exported, tmp_path / "bundle"))


def reseal(bundle: Path) -> None:
    """What a forger does: make the manifest fit the files again."""
    path = bundle / "manifest.json"
    manifest = json.loads(path.read_text())
    for name in manifest["files"]:
        file = bundle / name
        manifest["files"][name] = {"sha256": digest_file(file), "bytes": file.stat().st_size}
    path.write_text(json.dumps(manifest))


def test_a_bundle_has_all_that_it_needs(bundle: Path) -> None:
    manifest, digest = verify(bundle)
    assert digest == digest_bytes((bundle / "manifest.json").read_bytes())
    assert [field.name for field in manifest.inputs] == ["amount", "shop"]
    assert [field.name for field in manifest.outputs] == ["prediction", "probability"]
    assert manifest.classes == ("no", "yes")
    reference = pl.read_parquet(bundle / "reference.parquet")
    assert reference.columns == ["amount", "shop", "__prediction__", "__probability__", "__label__", "__unit__"]
    assert reference.height == 24
    example = pl.DataFrame(json.loads((bundle / "input_example.json").read_text()))
    predicted = Model.load(bundle).predict(example)
    assert predicted["probability"].to_list() == pytest.approx(reference["__probability__"][: example.height].to_list())
    assert any(line.startswith("scikit-learn==") for line in (bundle / "requirements.txt").read_text().splitlines())
    card = (bundle / "README.md").read_text()
    assert "roc_auc" in card
    assert "LogisticRegression" in card
    provenance = json.loads((bundle / "provenance.json").read_text())
    assert provenance["recipe"] == "tiny"


def test_provenance_lies_outside_the_digest(bundle: Path) -> None:
    before = verify(bundle)[1]
    (bundle / "provenance.json").write_text("{}")
    assert verify(bundle)[1] == before


def test_it_scores_without_a_workspace(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("amount,shop,more\n3,a,x\n50,zzz,y\n,b,\n")
    words = [sys.executable, "-m", "mfbench", "score", "./bundle", "rows.csv", "-o", "out.csv"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    scored = pl.read_csv(tmp_path / "out.csv")
    assert scored.columns == ["amount", "shop", "more", "prediction", "probability"]
    assert scored["probability"].is_between(0, 1).all()
    assert not (tmp_path / ".mfbench").exists()


@pytest.mark.parametrize("name", ["model/model.skops", "features.json", "reference.parquet", "README.md"])
def test_one_changed_byte_is_found(bundle: Path, name: str) -> None:
    content = bytearray((bundle / name).read_bytes())
    content[len(content) // 2] ^= 1
    (bundle / name).write_bytes(content)
    with pytest.raises(DamageError, match="not what was packed"):
        Model.load(bundle)


def test_a_missing_a_foreign_and_a_linked_file_are_found(bundle: Path) -> None:
    (bundle / "extra.py").write_text("")
    with pytest.raises(DamageError, match="does not list"):
        verify(bundle)
    (bundle / "extra.py").unlink()
    (bundle / "README.md").rename(bundle.parent / "README.md")
    with pytest.raises(DamageError, match="missing"):
        verify(bundle)
    (bundle / "README.md").symlink_to(bundle.parent / "README.md")
    with pytest.raises(DamageError, match="missing"):
        verify(bundle)


@pytest.mark.parametrize("name", ["../escape", "/etc/passwd", "a/../../b", "c:evil", "back\\slash"])
def test_a_manifest_cannot_name_files_outside(bundle: Path, name: str) -> None:
    path = bundle / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["files"][name] = {"sha256": "0" * 64, "bytes": 1}
    path.write_text(json.dumps(manifest))
    with pytest.raises(DamageError, match="outside"):
        read_manifest(bundle)


def test_a_forged_model_with_a_foreign_type_is_not_loaded(bundle: Path, tmp_path: Path) -> None:
    """The schema of the model is made to build an object of a type that nobody trusts."""
    model = bundle / "model" / "model.skops"
    with zipfile.ZipFile(model) as archive:
        schema = json.loads(archive.read("schema.json"))
        others = {name: archive.read(name) for name in archive.namelist() if name != "schema.json"}
    schema["__class__"], schema["__module__"] = "Popen", "subprocess"
    with zipfile.ZipFile(model, "w") as archive:
        for name, content in others.items():
            archive.writestr(name, content)
        archive.writestr("schema.json", json.dumps(schema))
    reseal(bundle)
    with pytest.raises(UsageError, match=r"not trusted: subprocess\.Popen"):
        Model.load(bundle)


def test_an_own_type_needs_the_users_trust(project: Project) -> None:
    words = ("run", "tiny.toml", "--set", "model.estimator=estimators.Slow")
    assert project.mfbench(*words, SLOW_SECONDS="0").returncode == 0
    assert project.json("models", "show", "tiny")["manifest"]["types"] == ["estimators.Slow"]
    score = ("score", "tiny", "tiny.csv", "-o", "out.csv")
    refused = project.mfbench(*score)
    assert refused.returncode == 2
    assert "estimators.Slow" in refused.stderr
    assert "[trust]" in refused.stderr
    config = project.workspace.root / "config.toml"
    config.write_text('[trust]\ntypes = ["estimators.Slow"]\n')
    done = project.mfbench(*score)
    assert done.returncode == 0, done.stderr
    # The bundle carries the module: it loads where the recipe's folder is not.
    assert project.mfbench("models", "export", "tiny", "elsewhere/bundle").returncode == 0
    assert (project.folder / "elsewhere/bundle/code/estimators.py").exists()
    (project.folder / "estimators.py").unlink()
    assert project.mfbench("score", "./elsewhere/bundle", "tiny.csv", "-o", "out2.csv").returncode == 0


def test_values_that_do_not_fit_are_refused_and_not_bent(exported: Path) -> None:
    model = Model.load(exported)
    fits = pl.DataFrame({"amount": [3.0, float("nan")], "shop": ["a", "b"]})
    assert model.predict(fits).height == 2
    with pytest.raises(UsageError, match=r"'amount' should be Int64: found 3\.5"):
        model.predict(fits.with_columns(amount=pl.lit(3.5)))
    assert model.predict(fits.head(0)).schema == {"prediction": pl.String, "probability": pl.Float64}


@pytest.mark.parametrize("dtype", ["show_versions", "Datetime(zz)", "List", "read_csv", "Datetime(us, ../x)"])
def test_a_signature_calls_nothing(bundle: Path, dtype: str) -> None:
    path = bundle / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["inputs"][0]["dtype"] = dtype
    path.write_text(json.dumps(manifest))
    with pytest.raises(DamageError, match="unknown type"):
        Model.load(bundle).predict(pl.DataFrame({"amount": [1], "shop": ["a"]}))
