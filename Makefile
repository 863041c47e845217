# Every target makes the environment that it needs, from Python 3.11 or newer and nothing else.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --use-pep517 --constraint constraints.txt

.DEFAULT_GOAL := help
.PHONY: help install demo test test-long bench-upload bench-verdicts bench-sort bench-people bench-quota bench-handler lint clean synth bootstrap deploy destroy lambda-requirements

help: ## Show this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-20s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(VENV)/.demo ## Make .venv with the command sortclient

demo: $(VENV)/.demo ## Sort an album of public pictures: by the emulated AWS, then on this machine
	@$(BIN)/python -m demo

# Most tests wait for processes that they start. Each worker has an emulated AWS of its own, of some hundred MB; one that
# has run out of tests takes some of another's. WORKERS= runs all in one process.
WORKERS ?= --numprocesses auto --maxprocesses 4 --dist worksteal

test: lint ## Everything that CI runs: style, types, template, pipeline, real faces
	$(BIN)/python -m pytest -m "not long" $(WORKERS)

test-long: $(VENV)/.dev ## The tests that take minutes
	$(BIN)/python -m pytest -m long

# What has been measured stands in docs/benchmarks.md. Photos and tools are made once, in build/bench.
BENCH ?=

bench-upload: $(VENV)/.demo ## Upload photos with the AWS CLI, s5cmd, rclone and sortclient, and compare
	@$(BIN)/python -m bench.upload $(BENCH)

bench-verdicts: $(VENV)/.demo ## Compare the verdicts that copies and originals lead to
	@$(BIN)/python -m bench.verdicts $(BENCH)

bench-sort: $(VENV)/.demo ## Sort 20,000 generated photos, and show the memory that takes
	@$(BIN)/python -m bench.library $(BENCH)

bench-people: $(VENV)/.demo ## Add a person to an album of 10,000 known photos, and move its threshold
	@$(BIN)/python -m bench.people $(BENCH)

bench-handler: $(VENV)/.demo ## What compare_photos asks of AWS for a photo, its CPU, its memory, and how it starts
	@$(BIN)/python -m bench.handler $(BENCH)

bench-quota: $(VENV)/.demo ## Hold the pipeline at the quota of CompareFaces, in simulated time, and compare
	@$(BIN)/python -m bench.quota $(BENCH)

lint: $(VENV)/.dev ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

clean: ## Remove what make has made
	rm -rf $(VENV) build cdk.out demo-album

# The stack. Settings go through CDK's context; all of them stand in infra/settings.py:
#   make deploy CONTEXT="-c photosort:region=us-east-1 -c photosort:retention_days=7"

CONTEXT ?=
CDK := $(BIN)/python -m infra.cdk

synth: $(VENV)/.infra ## Write the stack's template into cdk.out; needs no account
	$(CDK) synth --quiet $(CONTEXT)

bootstrap: $(VENV)/.infra ## Prepare your AWS account and region for CDK, once
	$(CDK) bootstrap $(CONTEXT)

deploy: $(VENV)/.infra ## Deploy the stack into your AWS account
	$(CDK) deploy $(CONTEXT)

destroy: $(VENV)/.infra ## Delete the stack with all its photos; YES=1 does not ask
	$(BIN)/python -m infra.destroy $(if $(YES),--yes) $(CONTEXT)

lambda-requirements: $(VENV)/.infra ## Pin the Lambdas' dependencies anew
	$(BIN)/python -m infra.requirements

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

$(VENV)/.infra: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP_INSTALL) --editable '.[infra]'
	@touch $@
