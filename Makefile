# HASS: the commands for people. `make` alone lists them. Every path is relative: spaces in ours do no harm.
SHELL := /bin/sh
.DEFAULT_GOAL := help
PORT ?= 8000
PYTHON ?=
WORKERS ?= auto
export PORT PYTHON

install = @sh backend/scripts/install.sh
venv = ../.venv/bin
pytest = cd backend && $(venv)/python -m pytest

.PHONY: help demo install test lint types imports test-code test-install test-database format lock bench clean

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' Makefile

demo:  ## Run a hospital to look at on http://127.0.0.1:8000 (PORT=9000 chooses another port)
	$(install) runtime
	@exec .venv/bin/python -m app.cli demo

install:  ## Install what running needs into .venv
	$(install) runtime

test: lint types imports test-code test-install  ## Run every check

lint:  ## Check style and formatting
	$(install) dev
	cd backend && $(venv)/ruff check .
	cd backend && $(venv)/ruff format --check .

types:  ## Check the types
	$(install) dev
	cd backend && $(venv)/mypy --strict app

imports:  ## Check that every part imports only what lies below it
	$(install) dev
	cd backend && $(venv)/lint-imports --no-logo

test-code:  ## Run the tests, in parallel, on a real PostgreSQL and in a real browser
	$(install) dev
	@sh backend/scripts/chromium.sh
	$(pytest) -n $(WORKERS) -m "not install"

test-install:  ## Run the installation tests: plain user, path with spaces, closed venv
	$(install) dev
	@echo "Installation tests, each a whole make demo in a folder of its own:"
	$(pytest) -n 0 -m install --durations=0

# What calls every route as every role asks the same of each PostgreSQL, and takes half of the time.
routes = --ignore=tests/attack --ignore=tests/access/test_matrix.py --ignore=tests/access/test_sweep.py

test-database:  ## Run what another PostgreSQL may answer differently (HASS_PG_BIN=/usr/lib/postgresql/15/bin)
	$(install) dev
	$(pytest) -n $(WORKERS) -m "not install and not browser" $(routes)

format:  ## Put the code into its form
	$(install) dev
	cd backend && $(venv)/ruff check --fix . && $(venv)/ruff format .

lock:  ## Pin the dependencies anew, with hashes (needs uv)
	cd backend && uv pip compile --universal --generate-hashes --python-version 3.11 -q \
	    --custom-compile-command "make lock" pyproject.toml --extra build -o requirements.lock
	cd backend && uv pip compile --universal --generate-hashes --python-version 3.11 -q \
	    --custom-compile-command "make lock" pyproject.toml --extra build --extra dev \
	    -c requirements.lock -o requirements-dev.lock

bench:  ## Measure
	$(install) dev
	.venv/bin/python bench/run.py

clean:  ## Remove what was installed and cached here; the records in HASS_HOME stay
	rm -rf .venv backend/.mypy_cache backend/.ruff_cache backend/.pytest_cache backend/.import_linter_cache
	find backend -name __pycache__ -type d -prune -exec rm -rf {} +
