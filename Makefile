# Every target makes the environment that it needs, from Python 3.11 or newer and nothing else.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --use-pep517 --constraint constraints.txt

.DEFAULT_GOAL := help
.PHONY: help install demo test test-long lint clean

help: ## Show this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-20s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(VENV)/.demo ## Make .venv with the command sortclient

demo: $(VENV)/.demo ## Sort an album of public pictures: by the emulated AWS, then on this machine
	@$(BIN)/python -m demo

test: lint ## Everything that CI runs: style, types, template, pipeline, real faces
	$(BIN)/python -m pytest -m "not long"

test-long: $(VENV)/.dev ## The tests that take minutes
	$(BIN)/python -m pytest -m long

lint: $(VENV)/.dev ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

clean: ## Remove what make has made
	rm -rf $(VENV) build cdk.out demo-album

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)

# The stamps say which extras are installed, so that a second `make` installs nothing.
$(VENV)/.demo: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP_INSTALL) --editable '.[demo]'
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP_INSTALL) --editable '.[dev]'
	@touch $@ $(VENV)/.demo $(VENV)/.infra

-include infra.mk
