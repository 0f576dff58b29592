# Jouren. On a fresh machine with Python 3.11+ and make:
#
#   make demo     a small demo shop, at one URL
#   make test     everything that is tested
#   make help     the rest
#
# Every target does all its own set-up, and does it once: a stamp in .venv says what it was made from.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
# One more than the two cores we plan for: while a test waits for a clock or a server, others work.
JOBS ?= 3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
STAMP := $(VENV)/.jouren-ready
DOCS_ENV := build/docs-env
DOCS_STAMP := $(DOCS_ENV)/.ready

.PHONY: help setup demo demo-year run test faults check bench docs lock messages schemas reference format

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## prepare .venv, with .venv/bin/jouren, and stop there

$(STAMP): requirements/dev.lock requirements/uv.lock pyproject.toml
	@bash scripts/make_environment.sh "$(PYTHON)" "$(VENV)"
	@touch $@

demo: $(STAMP) ## run Jouren with a demo shop (its data: .jouren/demo)
	@exec $(BIN)/jouren up --demo $(ARGS)

run: $(STAMP) ## run Jouren without demo data (its data: .jouren)
	@exec $(BIN)/jouren up $(ARGS)

test: $(STAMP) ## all tests, in random order; DATABASE_URL=... runs them on a server of yours
	@$(BIN)/python scripts/ensure_chromium.py
	@$(BIN)/python scripts/ensure_node_packages.py
	@$(BIN)/pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder $(ARGS)

faults: $(STAMP) ## kills, restarts, storms: the whole suite, 10,000 people; SEED=... repeats its kill points
	@JOUREN_TEST_FAULTS=whole JOUREN_TEST_SEED=$(SEED) $(BIN)/pytest tests/faults -s --durations=0 --durations-min=5 $(ARGS)

check: $(STAMP) ## style, types, layers, migrations, translations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	JOUREN_HOME=.jouren/check $(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/python scripts/translations.py check

bench: $(STAMP) ## measure against the budgets
	@for name in ingest journey send latency segments broadcast dryrun reports screens; do $(BIN)/python -m benchmarks $$name --json $(ARGS); done

docs: $(DOCS_STAMP) ## make the site of these documents in build/docs; whatever leads nowhere fails
	@rm -rf build/docs
	$(DOCS_ENV)/bin/sphinx-build -q -W --keep-going -n -b html docs build/docs
	@! grep -rEl --include='*.html' --include='*.css' '<(script|img|iframe)[^>]+src="https?:|<link[^>]+rel="stylesheet"[^>]+href="https?:|@import|url\("?https?:' build/docs || \
		{ echo "These pages ask another host for a part of theirs." >&2; exit 1; }
	@echo "build/docs/index.html"

$(DOCS_STAMP): requirements/docs.lock $(STAMP)
	@$(UV) venv --quiet --clear --python $(BIN)/python $(DOCS_ENV)
	@$(UV) pip sync --quiet --python $(DOCS_ENV)/bin/python --require-hashes requirements/docs.lock
	@touch $@

format: $(STAMP) ## let ruff mend what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

messages: $(STAMP) ## bring the translation catalogue in line with the sources, and compile it
	$(BIN)/python scripts/translations.py update

demo-year: $(STAMP) ## live through the demo shop's year again, after a change of what it shows
	@$(BIN)/python -m demo_year

schemas: $(STAMP) ## renew docs/schemas, after a change of a step, a trigger or a block
	@for name in journeys messages segments series; do JOUREN_HOME=.jouren/check $(BIN)/jouren schema $$name > docs/schemas/$$name.json; done

reference: $(STAMP) ## renew docs/reference, after a change of a command or an event type
	@$(BIN)/python scripts/reference.py write

lock: $(STAMP) ## renew the lock files (UPGRADE=1: to the newest versions allowed)
	$(UV) pip compile --universal --generate-hashes --python-version 3.11 $(if $(UPGRADE),--upgrade) --quiet \
		pyproject.toml -o requirements/run.lock
	$(UV) pip compile --universal --generate-hashes --python-version 3.11 $(if $(UPGRADE),--upgrade) --quiet \
		--extra dev pyproject.toml -o requirements/dev.lock
	$(UV) pip compile --universal --generate-hashes --python-version 3.11 $(if $(UPGRADE),--upgrade) --quiet \
		requirements/uv.in -o requirements/uv.lock
	$(UV) pip compile --universal --generate-hashes --python-version 3.11 $(if $(UPGRADE),--upgrade) --quiet \
		requirements/docs.in -o requirements/docs.lock
