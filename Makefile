# Needs Python 3.11 or newer and make. uv is used where it is installed. Everything goes to .venv/.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help demo test test-long simulate lint format bench bench-check docs gallery linkcheck matrix dist changelog release-check constraints clean

PYTEST_ARGS ?=
WORKERS ?= 2
SEEDS ?= 500
START ?= 0
RUN := .venv/bin

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "make %-12s %s\n", $$1, $$2}'

demo: ## the documentation's payload through a real Airflow task into a sandbox call centre
	@scripts/environment demo
	@$(RUN)/python demo/run.py

test: ## the whole test suite
	@scripts/environment dev
	$(RUN)/python -P -m pytest -n $(WORKERS) --dist loadgroup $(PYTEST_ARGS)

test-long: ## the tests that take minutes
	@scripts/environment dev
	$(RUN)/python -P -m pytest -m long --timeout 3600 $(PYTEST_ARGS)

simulate: ## the engine in a simulated world: SEEDS=500 from START=0 on; a seed that fails shows its events
	@scripts/environment dev
	@PYTHONPATH=tests SEEDS=$(SEEDS) START=$(START) WORKERS=$(WORKERS) $(RUN)/python -P -m support.simulator

lint: ## ruff and mypy
	@scripts/environment dev
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .
	$(RUN)/mypy

format: ## let ruff mend what it can
	@scripts/environment dev
	$(RUN)/ruff check --fix .
	$(RUN)/ruff format .

bench: ## speed and memory beside what people use instead; BENCH_ARGS=--write makes it the committed run
	@scripts/environment dev
	@$(RUN)/python -m benchmarks.run $(BENCH_ARGS)

bench-check: ## measure less, and fail where a ratio is worse than the committed one
	@scripts/environment dev
	@$(RUN)/python -m benchmarks.run --check

docs: ## build the documentation into build/docs/; a warning, or a link inside it that leads nowhere, is an error
	@scripts/environment dev
	AIRFLOW_HOME="$(CURDIR)/build/airflow" $(RUN)/python -P -m sphinx -W --keep-going -E -q -b html docs build/docs >/dev/null
	@echo "build/docs/index.html"

linkcheck: ## ask each address outside of the documentation whether it is still there (needs the network)
	@scripts/environment dev
	AIRFLOW_HOME="$(CURDIR)/build/airflow" $(RUN)/python -P -m sphinx -E -q -b linkcheck docs build/linkcheck

gallery: ## every state of the report as pictures, from made-up runs: build/gallery/index.html (needs a Chromium)
	@scripts/environment dev
	@$(RUN)/python scripts/gallery.py $(GALLERY)

matrix: ## the built wheel in every supported Airflow and Python; MATRIX="2.11-py3.11 3.3-py3.13" for some
	@scripts/environment dev
	$(RUN)/python -P scripts/matrix.py $(MATRIX)

dist: ## build sdist and wheel into dist/ and check them as the package index does
	@scripts/environment dev
	rm -rf dist
	$(RUN)/python -P -m hatchling build
	$(RUN)/python -P -m twine check --strict dist/*

changelog: ## show what changes/ holds as CHANGELOG.md would have it; VERSION=0.2.0 writes it there
	@scripts/environment dev
	@$(RUN)/towncrier build $(if $(VERSION),--yes --version $(VERSION),--draft --version next)

release-check: dist ## is everything there for a release? Says what is missing; TAG=v0.2.0 is compared with the version
	@$(RUN)/python scripts/release.py $(TAG)

constraints: ## write constraints.txt anew, from what the registry has today (needs uv)
	scripts/constraints

clean: ## remove what these commands made
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
