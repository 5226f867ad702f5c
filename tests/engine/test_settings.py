"""What a recipe and a workspace ask of an executor."""

from __future__ import annotations

from pathlib import Path

import pytest

from mfbench.core.errors import UsageError, WorkspaceError
from mfbench.engine.place import place_of
from mfbench.engine.provenance import looks_secret
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
        ("wheelhose = 'x'", "did you mean 'wheelhouse'?"),
        ("keep = 'forever'", "'forever' is not a duration"),
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


def warnings(project: Project) -> str:
    return "\n".join(text for level, text in project.events(project.runs()[-1], "log") if level == "warning")


def test_what_an_executor_does_not_heed_is_told(project: Project) -> None:
    (project.folder / "other.lock").write_text("scikit-learn==1.0.1\n")
    words = ("--set", "run.env.requirements=other.lock", "--set", "run.env.apt=['libgomp1']")
    assert project.mfbench("run", "tiny.toml", *words).returncode == 0
    assert "run.env is not heeded: the executor local runs with what is installed here" in warnings(project)
    assert " here, and 1.0.1 in other.lock" in warnings(project)
    for command in ("run", "check"):
        done = project.mfbench(command, "tiny.toml", "--set", "run.env.requirements=nowhere.lock")
        assert done.returncode == 2
        assert "nowhere.lock" in done.stderr


def test_an_executor_that_is_not_there_is_refused(project: Project) -> None:
    done = project.mfbench("run", "tiny.toml", MFBENCH_EXECUTOR="dokcer")
    assert done.returncode == 2
    assert "did you mean 'docker'?" in done.stderr


def test_auto_gives_way_where_what_is_installed_here_can_be_installed_nowhere_else(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: tuple[str, ...]) -> str:
        raise UsageError("ours is installed from a folder")

    monkeypatch.setattr("mfbench.executors.lock.default_lock", refuse)
    loaded = load_recipe(project.folder / "tiny.toml")
    place, why = place_of("venv", "an engine answers", loaded, None)
    assert (place.executor.name, why) == ("local", "an engine answers, and ours is installed from a folder")
    with pytest.raises(UsageError, match="from a folder"):
        place_of("venv", None, loaded, None)


@pytest.mark.parametrize(
    ("line", "secret"),
    [
        ('password = mfbench.secret("DB_PASSWORD")', False),
        ("token = os.environ['TOKEN']", False),
        ('api_key: str = os.getenv("API_KEY")', True),  # a miss would cost more than a record
        ('password = "hunter2"', True),
        ('password = secret("A") + "hunter2"', True),
    ],
)
def test_code_that_reads_a_secret_holds_none(line: str, secret: bool) -> None:
    assert looks_secret("model.py", f"import os\n{line}\n\nx = 1\n".encode()) == secret


def test_code_that_is_not_recorded_is_told(project: Project) -> None:
    project.recipe((project.folder / "tiny.toml").read_text().replace("LogisticRegression", "estimators.Slow"))
    with (project.folder / "estimators.py").open("a") as file:
        file.write("password = 'hunter2'\n")
    assert project.mfbench("run", "tiny.toml", SLOW_SECONDS="0").returncode == 0
    assert "estimators.py looks as if it held a secret and is not recorded" in warnings(project)
