# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Needs git, make and Python 3.10 or newer. Everything else is installed into .venv/ and .cache/ of this checkout.

PYTHON ?=
CORE ?=
GATES ?=
TESTS ?=
FULL ?=
WORKERS ?= 2
# The tests that run plugins in the process of pytest, where coverage sees them.
IN_PROCESS := tests/unit tests/simulation $(wildcard tests/plays/test_rubrik_*.py) tests/plays/test_request_counts.py \
	tests/plays/test_rights_in_guides.py

# Nothing is written outside of the checkout: neither pip's cache nor Ansible's.
export PYTHON
export PIP_CACHE_DIR := $(CURDIR)/.cache/pip
export ANSIBLE_HOME := $(CURDIR)/.cache/ansible
export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/.cache/collections
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV

BIN := .venv/bin
NOX := .cache/venvs/nox/bin/nox

.DEFAULT_GOAL := help
.PHONY: help setup setup-demo setup-demo-stores setup-nox demo demo-stores cores test coverage test-simulation test-chaos test-fleet bench bench-page gates lint docs format sanity units integration artifact build clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z -]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "With PYTHON=/path/to/python3, new environments are made with that one (make clean removes the old ones)."

demo: setup-demo ## rotate credentials on simulated appliances
	@$(BIN)/python tools/demo.py

demo-stores: setup-demo-stores ## rotate in Vault and in AWS Secrets Manager, both stand-ins, and show what consumers read meanwhile
	@$(BIN)/python tools/demo_stores.py

test: setup cores ## run the tests of every day, without chaos, fleet and most of the simulation (TESTS=path... WORKERS=n ARGS='-k word')
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(ARGS) $(TESTS)

coverage: setup ## measure which lines and branches of the plugins the tests run that are in one process (TESTS=path... WORKERS=n)
	@mkdir -p .cache/coverage
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal --cov --cov-report=term --cov-report=html $(ARGS) $(or $(TESTS),$(IN_PROCESS))

test-simulation: setup ## run the rotation engine in memory under every event, and print the number of schedules (FULL=1: all pairs; ARGS='--seconds 2400 --seed 7')
	@PYTHONPATH=.cache/collections CHAOS_FULL=$(FULL) $(BIN)/python -m tests.simulation $(ARGS)

test-chaos: setup ## kill rotations and break servers at every point, and print what came of it (FULL=1: at all of them; WORKERS=n ARGS='-k word')
	@status=0; CHAOS_FULL=$(FULL) $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(ARGS) tests/chaos || status=$$?; \
	$(BIN)/python -m tests.chaos.table; exit $$status

test-fleet: setup ## rotate 500 credentials on 20 simulated clusters in one run, and print what it takes (a quarter of an hour)
	@$(BIN)/python -m pytest -n 0 -m fleet $(ARGS) tests/plays/test_fleet.py

bench: setup ## measure what tasks, tokens, rotations and vars files cost, against what one would do instead (GROUPS='tasks rotation')
	@PYTHONPATH=.cache/collections $(BIN)/python -m tests.benchmark $(ARGS) $(GROUPS)

bench-page: setup ## write the page of the documentation from what bench and test-fleet have measured here
	@PYTHONPATH=.cache/collections $(BIN)/python -m tests.benchmark.page

gates: setup setup-nox ## run gates by name, or list them (GATES='style "sanity(2.16)"')
	@$(if $(GATES),$(NOX) --session $(GATES),$(NOX) --list)

lint: setup setup-nox ## check style, types, licences, documentation, changelog, declarations and Ansible content
	@$(NOX)

docs: setup setup-nox ## build the site of the documentation into .cache/docs/html
	@$(NOX) --session docs

format: setup ## repair what ruff can repair
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

sanity units integration: setup setup-nox ## run ansible-test sanity, units or integration (CORE=2.16 and so on, ARGS='--test pylint')
	@$(NOX) --session '$@($(or $(CORE),2.19))' -- $(ARGS)

artifact: setup setup-nox ## run a play from the built artifact, with nothing beside plugins, roles and playbooks
	@$(NOX) --session artifact

build: setup-demo ## build the collection artifact into .cache/
	@$(BIN)/ansible-galaxy collection build --force --output-path .cache .

setup: setup-demo ## install what the tests need
	@tools/venv.sh .venv 3.10 -r tests/requirements.txt

setup-demo:
	@tools/collection_path.sh
	@tools/venv.sh .venv 3.10 -r tests/requirements-demo.txt

setup-demo-stores: setup-demo
	@tools/venv.sh .venv 3.10 -r tests/requirements-demo-stores.txt

setup-nox:
	@tools/venv.sh .cache/venvs/nox 3.10 nox

cores: ## install the ansible-core versions the tests cover, as far as there are Pythons for them
	@tools/cores.sh

clean: ## remove everything that was installed or built
	rm -rf .venv .cache .ansible .mypy_cache .ruff_cache .pytest_cache
	find . -name .git -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +
