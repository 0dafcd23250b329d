# make demo · make up · make test · make lint · make bench — see README.md
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= $(shell command -v python3.11 || command -v python3)
UV := .uv/bin/uv
BIN := .venv/bin
export PYTHONDONTWRITEBYTECODE=1

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
	$(UV) pip compile -q requirements/superset.in --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header -o requirements/superset.txt

.PHONY: help setup lock
