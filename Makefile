# Two commands do everything on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin

.PHONY: demo test test-all lint schema verify bench clean help
.DEFAULT_GOAL := help

help: ## say what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

$(VENV)/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed: set PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null \
	  || { echo "Python lacks venv: install it first (on Debian: apt install python3-venv)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(VENV)/.installed ## grade a sample class start to finish, in demo/
	$(BIN)/autograder demo

test: $(VENV)/.installed ## what to know before a commit, from every part: a few minutes
	$(BIN)/python -m pytest -q -m "not slow or glance" -n 2 --durations=5

test-all: $(VENV)/.installed ## all the rest (AUTOGRADER_ALL=1 AUTOGRADER_KILLS=50 for more of it)
	$(BIN)/python -m pytest -q -m "slow and not glance" --durations=15 -n 2 --dist loadfile \
	  tests/autograder tests/attacks --ignore tests/autograder/test_cluster.py
	$(BIN)/python -m pytest -q -m "slow and not glance" tests/autograder/test_cluster.py tests/browser

lint: $(VENV)/.installed ## check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

schema: $(VENV)/.installed ## write course.schema.json anew, after a change of the settings
	$(BIN)/python -c 'import json; from pathlib import Path; \
	  from autograder.course.folders import SCHEMA_FILE; from autograder.course.reading import course_schema; \
	  text = json.dumps(course_schema(), indent=2, ensure_ascii=False) + "\n"; \
	  Path(SCHEMA_FILE).write_text(text, encoding="utf-8")'

verify: $(VENV)/.installed ## check that the course itself is sound
	$(BIN)/autograder verify

bench: $(VENV)/.installed ## measure against nbgrader and otter-grader (installs them apart)
	$(BIN)/python benchmarks/run.py

clean: ## remove what the other commands made
	rm -rf demo .autograder .mypy_cache .ruff_cache .pytest_cache .hypothesis
