# make demo · make up · make test · make docs · make lint · make bench — see README.md
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= $(shell command -v python3.11 || command -v python3)
UV := .uv/bin/uv
BIN := .venv/bin
# The trust store of the machine, not the one uv carries: an office network has certificates of its own.
export UV_SYSTEM_CERTS := true

help:  ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: .venv/.ready .venv-superset/.ready  ## uv and the two environments, from the hashed lock files

.uv/.ready: requirements/uv.txt
	@echo "[setup] uv in .uv"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || \
	  { echo "Python 3.11 is needed, $(PYTHON) is $$($(PYTHON) --version). Set PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -m venv .uv
	@.uv/bin/pip install -q --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@touch $@

.venv/.ready: .uv/.ready requirements/platform.txt pyproject.toml
	@echo "[setup] platform environment in .venv"
	@test -x $(BIN)/python || $(UV) venv -q -p $(PYTHON) .venv
	@$(UV) pip sync -q -p .venv --require-hashes requirements/platform.txt
	@$(UV) pip install -q -p .venv --no-deps --no-build-isolation -e .
	@touch $@

.venv-superset/.ready: .uv/.ready requirements/superset.txt
	@echo "[setup] Superset environment in .venv-superset"
	@test -x .venv-superset/bin/python || $(UV) venv -q -p $(PYTHON) .venv-superset
	@$(UV) pip sync -q -p .venv-superset --require-hashes requirements/superset.txt
	@touch $@

lock: .uv/.ready  ## resolve the environments again into requirements/*.txt
	$(UV) pip compile -q requirements/uv.in --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header -o requirements/uv.txt
	$(UV) pip compile -q pyproject.toml --extra dev --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header -o requirements/platform.txt
	$(UV) pip compile -q requirements/server.in -c requirements/platform.txt --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header -o requirements/server.txt
	$(UV) pip compile -q requirements/superset.in --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header -o requirements/superset.txt

demo: setup  ## the whole chain on the published figures through a real Airflow, then a summary; ends by itself
	@$(BIN)/jjj demo

up: setup  ## serve Airflow and Superset on 127.0.0.1 until Ctrl-C
	@exec $(BIN)/jjj up

test: setup  ## all tests, the dashboard in headless Chromium included
	@./.ci/browser
	@$(BIN)/python -m pytest -n 2 --dist loadfile -m "not long"

test-long: setup  ## the longer suites too
	@./.ci/browser
	@$(BIN)/python -m pytest -n 2 --dist loadfile

docs: .venv/.ready  ## the data dictionary (Chinese and English) and dbt's documentation, in var/docs
	@$(BIN)/jjj docs

bench: .venv/.ready  ## landing beside the least it could cost, as ratios within one run
	@$(BIN)/python benchmarks/landing.py

bench-build: .venv/.ready  ## a day on ten years of history beside the same day on one; takes half an hour
	@$(BIN)/python benchmarks/build.py

lint: .venv/.ready  ## ruff, sqlfluff, mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/sqlfluff lint dbt_project/models
	$(BIN)/mypy

.PHONY: help setup lock demo up test test-long docs bench bench-build lint
