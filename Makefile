# make demo    a virtual environment, mfbench, and a recipe on real data run to a registered model
# make test    the set-up for the tests, and the tests
# make check   lint, format, types, layers
# make bench   mfbench beside what people would use instead
# make screenshots    the README's pictures, drawn by the program
# make lock    requirements/lock.txt anew from pyproject.toml
# Paths are relative throughout, so that a folder with a space in its name works.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
PY := .venv/bin/python
PIP := $(PY) -m pip --disable-pip-version-check --quiet
TESTS ?= tests
WORKERS ?= 2

.PHONY: demo test check bench screenshots lock clean

demo: .venv/.demo
	$(PY) -m mfbench run recipes/flight-delay.toml
	$(PY) -m mfbench models show flight-delay
	$(PY) -m mfbench runs

test: .venv/.dev
	$(PY) -m pytest -n $(WORKERS) --dist loadgroup $(TESTS)

check: .venv/.dev
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(PY) -c "from importlinter.cli import lint_imports_command as check; check()" --no-cache

bench: .venv/.dev
	$(PY) -m benchmarks

screenshots: .venv/.dev
	$(PY) -m tests.tui.make_pictures docs/images

lock: .venv/.dev
	$(PIP) install uv
	$(PY) -m uv pip compile --quiet --no-header --no-annotate --no-emit-index-url --python-version 3.11 --extra dev \
		pyproject.toml -o requirements/lock.txt --upgrade
	$(PY) -c "import pathlib; p = pathlib.Path('requirements/lock.txt'); p.write_text('# Exact versions for the tests \
	and the demo. Made from pyproject.toml by: make lock\n' + p.read_text())"

clean:
	rm -rf .venv .mfbench .mypy_cache .ruff_cache .pytest_cache

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/.demo: .venv/bin/python pyproject.toml requirements/lock.txt
	@echo "installing mfbench into .venv (once; a minute or two)" >&2
	$(PIP) install --constraint requirements/lock.txt --editable .
	@touch $@

.venv/.dev: .venv/bin/python pyproject.toml requirements/lock.txt
	@echo "installing mfbench and its test tools into .venv (once; a minute or two)" >&2
	$(PIP) install --requirement requirements/lock.txt
	$(PIP) install --no-deps --editable .
	@touch $@
