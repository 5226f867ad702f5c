"""What a recipe and a workspace ask of an executor."""

from __future__ import annotations

from pathlib import Path

import pytest

from mfbench.core.errors import WorkspaceError
from mfbench.engine.settings import ask, asked_of, job_of, settings_of
from mfbench.recipe.load import load_recipe
from mfbench.workspace.workspace import Workspace, create
from tests.support import Project


def configured(folder: Path, text: str) -> Workspace:
    home = create(folder)
    (home.root / "config.toml").write_text(f"[environment]\n{text}\n", encoding="utf-8")
    return Workspace(home.root)


def test_the_configuration_of_a_machine(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN_OF_AN_INDEX", "sesame-open")
    text = """
    base = "python:3.12-slim"
    wheelhouse = "wheels"
    index = "https://me:${TOKEN_OF_AN_INDEX}@example.org/simple"
    args = { HTTPS_PROXY = "http://proxy:3128" }
    """
    asked = ask("six==1.17.0\n", "", ("libgomp1",), configured(project.folder, text))
    assert (asked.base, asked.wheelhouse) == ("python:3.12-slim", str(project.folder / "wheels"))
    assert asked.index == "https://me:sesame-open@example.org/simple"
    assert asked.args == {"HTTPS_PROXY": "http://proxy:3128"}
    assert ask("", "other", (), project.workspace).base == "other"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("bse = 'x'", "bse"),
        ("extra_index = 'x'", "array"),
        ("index = '${NOT_SET_ANYWHERE}'", "the environment variable NOT_SET_ANYWHERE is not set"),
    ],
)
def test_what_is_wrong_in_it_is_told(project: Project, text: str, told: str) -> None:
    home = configured(project.folder, text)
    with pytest.raises(WorkspaceError) as caught:
        ask("", "", (), home)
    assert told in str(caught.value)
    assert "config.toml" in str(caught.value)


def test_without_a_workspace_the_defaults_hold() -> None:
    assert settings_of(None).keep == "30d"


def test_what_own_code_imports_is_installed(project: Project) -> None:
    project.recipe((project.folder / "tiny.toml").read_text().replace("LogisticRegression", "estimators.Slow"))
    (project.folder / "other.py").write_text("import rich.table\nfrom click import echo\nimport estimators\n")
    requirements = asked_of(load_recipe(project.folder / "tiny.toml"), None)[0].requirements
    names = {line.partition("==")[0] for line in requirements.splitlines()}
    assert {"rich", "click", "scikit-learn", "polars"} <= names
    assert not {"pytest", "textual", "duckdb", "mfbench"} & names


def test_a_variable_in_a_path_is_not_written_down(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    (project.folder / "hidden-place").mkdir()
    (project.folder / "tiny.csv").rename(project.folder / "hidden-place" / "tiny.csv")
    monkeypatch.setenv("WHERE_IT_LIES", "hidden-place")
    project.recipe((project.folder / "tiny.toml").read_text().replace("tiny.csv", "${WHERE_IT_LIES}/tiny.csv"))
    job = job_of(load_recipe(project.folder / "tiny.toml"), 1, "", ("WHERE_IT_LIES",))
    assert job.reads == (f"{project.folder.resolve()}/${{WHERE_IT_LIES}}/tiny.csv",)
    assert project.mfbench("run", "tiny.toml").returncode == 0
    [run] = project.runs()
    assert "hidden-place" not in (project.workspace.run_folder(run) / "job.json").read_text()
