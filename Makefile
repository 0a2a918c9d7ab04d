# Every target makes the environment it needs, and does nothing for it when it is up to date.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
WORKERS ?= 2
STAMP := $(VENV)/.installed

export DBT_SEND_ANONYMOUS_USAGE_STATS := false
export DAGSTER_DISABLE_TELEMETRY := 1
export GX_ANALYTICS_ENABLED := false
export PYTHONHASHSEED ?= random

.PHONY: help demo test prove-engine prove-periods prove-bytes prove-uci prove-input prove-catalogue prove-kills prove-mutations prove-demo prove-dbt check format ui bench bench-growth bench-billing bench-file lock env

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-15s %s\n", $$1, $$2}'

demo: $(STAMP) ## a believable company: three systems' exports, closed months, late data, faults found
	$(BIN)/tieout demo

# Files in the order of their folders: the long ones of end_to_end first, the short ones of unit fill up at the end.
# By number of tests, as xdist orders them, the long ones with a single test would come last.
test: $(STAMP) ## all tests but the slow proofs
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m "not slow"

prove-engine: $(STAMP) ## 5,000 generated contract lives against the independent oracle, to the minor unit
	TIEOUT_TIMES=4 $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal tests/property

prove-periods: $(STAMP) ## open months, cuts, first closes over years, --through, 4-4-5 calendars
	$(BIN)/python -m pytest tests/end_to_end/test_periods.py

prove-bytes: $(STAMP) ## the same workspace gives the same bytes, with any threads and memory
	TIEOUT_BYTES_LINES=20000 $(BIN)/python -m pytest -s tests/end_to_end/test_same_bytes.py

prove-uci: $(STAMP) ## a real shop's 305 daily files through a connector of its own (needs the data beside the project)
	TIEOUT_UCI_DAYS=305 $(BIN)/python -m pytest -s tests/end_to_end/test_uci.py

prove-input: $(STAMP) ## 20,000 mutated exports of every format through readers and gate, hundreds a run
	$(BIN)/python -m tests.input --workers $(WORKERS)

prove-kills: $(STAMP) ## 50 commands killed at random instants, and readers beside commands that write
	TIEOUT_KILLS=50 $(BIN)/python -m pytest -s tests/faults

prove-demo: $(STAMP) ## the demo's company, three seeds: equations hold, all planted faults are found and nothing else
	$(BIN)/python -m pytest -s -m slow tests/end_to_end/test_generated_company.py

prove-dbt: $(STAMP) ## `dbt build` alone, in a workspace's project, gives the tables that a run gives
	$(BIN)/python -m pytest -s -m slow tests/end_to_end/test_dbt_alone.py

prove-catalogue: $(STAMP) ## every faulty input of the catalogue with what is expected and what came out
	$(BIN)/python -m tests.catalogue

prove-mutations: $(STAMP) ## sentences of the rule book broken one at a time in the SQL, each caught by a golden case
	$(BIN)/python -m tests.mutations

check: $(STAMP) ## format, lint, types, dbt parse, portability to Spark, direction of imports, generated pages
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/sqlfluff lint --processes 2 --disable-progress-bar dbt_project
	$(BIN)/python -m tests.checks.imports
	$(BIN)/python -m tests.checks.pages
	$(BIN)/python -m tests.checks.parse
	$(BIN)/python -m tests.checks.portability
	$(BIN)/python -m tests.checks.connector_page

format: $(STAMP) ## write Python, SQL and the generated pages the way `check` wants them
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/sqlfluff fix --disable-progress-bar dbt_project
	$(BIN)/python -m tests.checks.pages --write

ui: $(STAMP) ## Dagster's web interface on 127.0.0.1
	$(BIN)/tieout ui

bench: $(STAMP) ## times and memory on 200,000 contract lines
	$(BIN)/python -m tests.benchmarks

bench-growth: $(STAMP) ## what a night costs after 12, 24 and 36 closed months
	$(BIN)/python -m tests.benchmarks.growth

bench-billing: $(STAMP) ## 540,000 invoice lines of a company that has a billing system and nothing else
	$(BIN)/python -m tests.benchmarks.billing

bench-file: $(STAMP) ## a 2 GB CSV into the lake in under 1 GiB of memory (needs 5 GB of disk)
	$(BIN)/python -m tests.benchmarks.large_file

env: $(STAMP) ## the environment alone

lock: ## pin all requirements again, with hashes and without index addresses (needs uv)
	uv pip compile --quiet pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-annotate --custom-compile-command "make lock" --output-file requirements.lock

# With uv where it is present, else with venv and pip; the same pinned and hashed packages either way (the lock
# is complete, and pip cannot match the extras of a dependency to a hash: hence --no-deps).
$(STAMP): pyproject.toml requirements.lock
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "tieout needs Python 3.11 or newer; $(PYTHON) is $$("$(PYTHON)" --version 2>&1). Try: make PYTHON=python3.11"; exit 2; }
	@if command -v uv > /dev/null; then \
		[ -x $(BIN)/python ] || uv venv --quiet --python "$(PYTHON)" $(VENV); \
		uv pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock; \
		uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .; \
	else \
		[ -x $(BIN)/pip ] || "$(PYTHON)" -m venv --clear $(VENV); \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock; \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .; \
	fi
	@$(BIN)/python -m compileall -q orchestration warehouse expectations
	@touch $@
