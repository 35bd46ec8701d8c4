# Two commands on a fresh machine with Python 3.11+ and make: `make demo` runs the main job, `make test` passes the tests.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.DEFAULT_GOAL := help
.PHONY: help demo test test-slow check format docs bench clean

help:  ## what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed; set PYTHON=…")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run-time: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing crm_pipeline and the locked versions of what it needs; this takes a minute or two, once."
	$(PIP) install --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.development: $(VENV)/.run-time
	@echo "Installing what the tests and checks need."
	$(PIP) install --constraint constraints.txt --editable '.[dev]'
	@touch $@

demo: $(VENV)/.run-time  ## make the project demo/ with the data of two real systems and run it to the end
	$(BIN)/crm-pipeline demo demo

test: $(VENV)/.development  ## the tests, in parallel; a few minutes
	$(BIN)/python -m pytest -m "not slow"

test-slow: $(VENV)/.development  ## the long ones: runs that are killed, the servers of the UI, whole projects compared
	$(BIN)/python -m pytest -m slow

check: $(VENV)/.development  ## lint, formatting, strict types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.development  ## format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(VENV)/.run-time  ## write docs/tables.md from the contracts
	$(BIN)/python docs/make_tables.py

bench: $(VENV)/.run-time  ## the chain at 10k, 100k and 1M generated customers beside bare Splink; about ten minutes
	$(BIN)/python -m bench

screenshots: $(VENV)/.development  ## the pictures of docs/ui.md, from the tests that click through the UI
	.ci/install-browser
	$(BIN)/python -m pytest -n 0 crm_pipeline_tests/e2e/test_browser.py --screenshots docs/images

clean:  ## remove the environment and the demo
	rm -rf $(VENV) demo
