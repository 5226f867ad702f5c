"""What is installed for a worker: from what is here, or from a user's list."""

from __future__ import annotations

import ast
import importlib.metadata
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mfbench.core.errors import UsageError
from mfbench.core.versions import installed, normalized, version
from mfbench.executors.lock import WORKER, default_lock, read_lock

PACKAGE = Path(__file__).parents[2] / "mfbench"


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder whose distributions count as installed."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    installed.cache_clear()
    yield folder
    installed.cache_clear()


def distribution(site: Path, name: str, number: str, needs: tuple[str, ...] = (), **files: str) -> None:
    folder = site / f"{name.replace('-', '_')}-{number}.dist-info"
    folder.mkdir()
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {number}", *(f"Requires-Dist: {n}" for n in needs)]
    (folder / "METADATA").write_text("\n".join(lines) + "\n")
    module = name.replace("-", "_")
    (folder / "RECORD").write_text(f"{module}/__init__.py,,\n")
    (site / module).mkdir()
    (site / module / "__init__.py").write_text("")
    for key, content in files.items():
        (folder / (f"{key}.json" if key == "direct_url" else key)).write_text(content)


def pins(lock: str) -> dict[str, str]:
    return dict(line.split("==") for line in lock.splitlines())


def test_a_worker_needs_what_it_imports() -> None:
    """WORKER is compared with the imports of all modules that a worker can reach."""
    starts = [
        PACKAGE / "worker" / "__main__.py",
        PACKAGE / "tuning" / "__main__.py",
        PACKAGE / "flavors" / "sklearn.py",
    ]
    foreign = imported([*starts, *(PACKAGE / "steps").rglob("*.py")])
    owners = importlib.metadata.packages_distributions()
    needed = {normalized(owners[name][0]) for name in foreign}
    assert needed | {"cmaes"} == set(WORKER)  # cmaes is imported by optuna, when a recipe asks for that sampler


def imported(todo: list[Path]) -> set[str]:
    """Top-level modules that are not ours, of these files and of ours that they import."""
    seen: set[Path] = set()
    foreign: set[str] = set()
    while todo:
        path = todo.pop()
        if path in seen:
            continue
        seen.add(path)
        for name in names(ast.parse(path.read_text(encoding="utf-8"))):
            top, *rest = name.split(".")
            ours = [PACKAGE.joinpath(*rest[:i]) for i in range(1, len(rest) + 1)] if top == "mfbench" else []
            todo += [
                file for base in ours for file in (base.with_suffix(".py"), base / "__init__.py") if file.is_file()
            ]
            if top != "mfbench" and top not in sys.stdlib_module_names:
                foreign.add(top)
    return foreign


def names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


class TestDefault:
    def test_it_has_what_a_worker_needs_and_what_that_needs(self) -> None:
        found = pins(default_lock())
        assert found["polars"] == version("polars")
        assert found["joblib"] == version("joblib")  # scikit-learn's
        assert set(WORKER) <= set(found)
        assert not {"duckdb", "textual", "pytest", "mfbench"} & set(found)
        assert default_lock().splitlines() == sorted(default_lock().splitlines())

    def test_modules_of_estimators_bring_their_distributions(self, site: Path) -> None:
        distribution(site, "My-Trees", "1.2+cpu", needs=("deeper>=1", "never>=1; python_version<'3'", "gone>=1"))
        distribution(site, "deeper", "3.0", needs=("rare>=1; extra == 'all'",))
        distribution(site, "rare", "5")
        found = pins(default_lock(("My_Trees", "os", "mfbench", "no_such_module")))
        assert (found["my-trees"], found["deeper"]) == ("1.2", "3.0")
        assert not {"never", "gone", "rare", "os", "mfbench", "no-such-module"} & set(found)

    def test_extras_are_followed(self, site: Path) -> None:
        distribution(site, "trees", "1", needs=("deeper[all]",))
        distribution(site, "deeper", "3.0", needs=("rare>=1; extra == 'all'", "other; extra == 'none'"))
        distribution(site, "rare", "5")
        distribution(site, "other", "6")
        found = pins(default_lock(("trees",)))
        assert found["rare"] == "5"
        assert "other" not in found

    def test_it_is_remembered_until_something_else_is_installed(
        self, site: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first = default_lock()

        def never(name: str) -> None:
            raise AssertionError("asked again")

        with monkeypatch.context() as patched:
            patched.setattr(importlib.metadata, "distribution", never)
            assert default_lock() == first
        distribution(site, "optuna", "999.0")
        installed.cache_clear()
        assert pins(default_lock())["optuna"] == "999.0"

    def test_what_came_from_a_folder_is_named(self, site: Path) -> None:
        distribution(site, "trees", "1", direct_url='{"url": "file:///home/me/trees", "dir_info": {"editable": true}}')
        with pytest.raises(UsageError, match="trees 1 is installed here from file:///home/me/trees") as raised:
            default_lock(("trees",))
        assert "run.env.requirements" in str(raised.value.hint)

    def test_what_conda_installed_is_a_version_like_others(self, site: Path) -> None:
        distribution(site, "trees", "1", direct_url='{"url": "file:///home/conda/x"}', INSTALLER="conda\n")
        assert pins(default_lock(("trees",)))["trees"] == "1"

    def test_a_cache_that_cannot_be_written_costs_time_only(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("XDG_CACHE_HOME", "/proc/nowhere")
        assert "polars==" in default_lock()


class TestUsersOwn:
    def read(self, folder: Path, text: str | bytes) -> tuple[list[str], list[str]]:
        path = folder / "requirements.lock"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        lock, remarks = read_lock(path, "requirements.lock")
        return lock.splitlines(), remarks

    def test_what_a_worker_needs_is_added(self, tmp_path: Path) -> None:
        lines, remarks = self.read(
            tmp_path, "# mine\nPolars==1.0  # old\n\nscikit_learn == 1.5.0 ; python_version>'3'\n"
        )
        assert lines[:2] == ["Polars==1.0", "scikit_learn == 1.5.0 ; python_version>'3'"]
        assert set(lines[2:]) == {
            f"{name}=={version(name)}" for name in WORKER if name not in ("polars", "scikit-learn")
        }
        assert remarks == []

    def test_comments_do_not_make_another_environment(self, tmp_path: Path) -> None:
        assert self.read(tmp_path, "idna==3.10\n") == self.read(tmp_path, "\ufeff# by hand\r\n  idna==3.10 # via x\r\n")

    def test_what_is_no_exact_version_is_remarked(self, tmp_path: Path) -> None:
        text = "idna==3.10\npolars>=2\nnumpy==2.*\nscipy\ngit-thing @ git+https://example.org/x.git\n"
        lines, remarks = self.read(tmp_path, text)
        assert lines[:4] == ["idna==3.10", "polars>=2", "numpy==2.*", "scipy"]
        assert [remark.split(":")[0] for remark in remarks] == [f"requirements.lock, line {i}" for i in (2, 3, 4, 5)]
        assert (
            remarks[0]
            == "requirements.lock, line 2: 'polars>=2' is no exact version: another machine may get another one"
        )

    def test_a_login_is_not_remarked(self, tmp_path: Path) -> None:
        lines, remarks = self.read(tmp_path, "x @ https://me:s3cret@example.org/x.whl\n")
        assert "s3cret" in lines[0], "pip needs it"
        assert "https://me:***@example.org" in remarks[0]
        with pytest.raises(UsageError) as refused:
            self.read(tmp_path, "https://me:s3cret@example.org/x.whl\n")
        assert "s3cret" not in str(refused.value)

    def test_mfbench_itself_is_left_out(self, tmp_path: Path) -> None:
        lines, [remark] = self.read(tmp_path, "idna==3.10\nMFBench==0.4\n")
        assert not any("mfbench" in line.lower() for line in lines)
        assert "line 2" in remark

    def test_options_of_an_index_are_kept(self, tmp_path: Path) -> None:
        lines, remarks = self.read(tmp_path, "--extra-index-url https://example.org/simple\nidna==3.10\n")
        assert lines[0] == "--extra-index-url https://example.org/simple"
        assert remarks == []

    def test_hashes_have_to_cover_everything(self, tmp_path: Path) -> None:
        everything = "".join(f"{name}==1 \\\n    --hash=sha256:ab\n" for name in WORKER)
        lines, remarks = self.read(tmp_path, everything)
        assert lines[0] == "cmaes==1 --hash=sha256:ab"
        assert len(lines) == len(WORKER)
        assert remarks == []
        with pytest.raises(UsageError, match="lacks what a worker needs: cmaes==") as raised:
            self.read(tmp_path, everything.partition("\n    --hash=sha256:ab\n")[2])
        assert raised.value.hint

    @pytest.mark.parametrize(
        ("line", "said"),
        [
            ("-r other.txt", "includes another file"),
            ("--requirement=other.txt", "includes another file"),
            ("-c limits.txt", "includes another file"),
            ("-e .", "only this machine has"),
            ("--find-links /wheels", "only this machine has"),
            ("/home/me/x.whl", "is no requirement"),
            ("./trees", "is no requirement"),
            ("trees @ file:///home/me/trees", "only this machine has"),
            ("--install-option=x", "is no requirement"),
            ("two words", "is no requirement"),
        ],
    )
    def test_lines_that_mean_something_here_only(self, tmp_path: Path, line: str, said: str) -> None:
        with pytest.raises(UsageError, match=said) as raised:
            self.read(tmp_path, f"idna==3.10\n\n{line}\n")
        assert raised.value.message.startswith("requirements.lock, line 3: ")
        assert raised.value.hint

    def test_a_missing_file(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match=r"locks/r\.lock cannot be read: No such file") as raised:
            read_lock(tmp_path / "nowhere", "locks/r.lock")
        assert "uv pip compile" in str(raised.value.hint)

    def test_a_file_that_is_no_text(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="not UTF-8"):
            self.read(tmp_path, b"idna==3.10 # caf\xe9\n")
