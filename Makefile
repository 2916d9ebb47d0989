# `make demo` and `make test` do all set-up themselves; both start from `make install`.
SHELL := /bin/bash
# Debian's python3.11 is built with profile-guided optimisation. One of another making that stands
# before it in PATH (pyenv's, say) often is not, and takes a fifth to a third more time for the same.
PYTHON ?= $(shell /usr/bin/python3.11 -c 'import ensurepip, sys; print(sys.executable)' 2>/dev/null || echo python3)
VENV := .venv
BIN := $(VENV)/bin
FHIR_SERVER := .cache/fhir_server
NODE_X12 := .cache/node_x12

.PHONY: help install install-dev fhir-server demo serve-demo test check format lock pages benchmarks benchmarks-wire torture fuzz torture-payers image clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

install: $(VENV)/.installed ## system packages, virtual environment, the connector command

$(VENV)/.installed: requirements.txt pyproject.toml scripts/system_packages.sh
	@PYTHON=$(PYTHON) scripts/system_packages.sh run
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing Python packages into $(VENV) (a minute or two)"
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --require-hashes -r requirements-build.txt
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@touch $@

install-dev: $(VENV)/.installed-dev $(FHIR_SERVER)/.installed $(NODE_X12)/.installed ## what the tests need besides

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.txt
	@scripts/system_packages.sh test
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

fhir-server: $(FHIR_SERVER)/.installed ## the FHIR server (not ours) that the tests talk to

$(FHIR_SERVER)/.installed: tests/e2e/fhir_server/package.json scripts/system_packages.sh
	@scripts/system_packages.sh test
	@mkdir -p $(FHIR_SERVER)
	@cp tests/e2e/fhir_server/package.json $(FHIR_SERVER)/
	@echo "Installing the FHIR server for the tests into $(FHIR_SERVER)"
	@cd $(FHIR_SERVER) && npm install --no-package-lock --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

$(NODE_X12)/.installed: tests/golden/x12_readers/package.json scripts/system_packages.sh
	@scripts/system_packages.sh test
	@mkdir -p $(NODE_X12)
	@cp tests/golden/x12_readers/package.json $(NODE_X12)/
	@echo "Installing an X12 reader for the tests into $(NODE_X12)"
	@cd $(NODE_X12) && npm install --no-package-lock --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

demo: install ## run the whole pipeline on the synthetic sample practice, in ./demo-site
	@$(BIN)/connector demo

serve-demo: install ## the same, then the results page
	@$(BIN)/connector demo --serve

test: install-dev ## checks and all tests
	$(MAKE) --no-print-directory check
	@scripts/run_tests.sh

check: install-dev ## ruff, mypy --strict, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: install-dev ## format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: ## renew the hash-locked requirement files (needs uv)
	uv pip compile --quiet --generate-hashes --no-emit-index-url --python-version 3.11 --no-header pyproject.toml -o requirements.txt
	uv pip compile --quiet --generate-hashes --no-emit-index-url --python-version 3.11 --no-header --extra build pyproject.toml -c requirements.txt -o requirements-build.txt
	uv pip compile --quiet --generate-hashes --no-emit-index-url --python-version 3.11 --no-header --extra build --extra dev pyproject.toml -c requirements.txt -o requirements-dev.txt

pages: install-dev ## every page of every report as PNG, Letter and A4, in .cache/pages
	$(BIN)/python scripts/render_pages.py .cache/pages

benchmarks: install-dev ## rows/s, reports/s, memory; prints tables
	$(BIN)/python benchmarks/run.py

torture: install-dev ## kill the service at random moments, for minutes: make torture KILLS=300 SEED=7
	$(BIN)/python -m tests.e2e.torture $(or $(KILLS),200) $(or $(SEED),1)

torture-payers: install-dev ## the same over all ways to payers: make torture-payers KILLS=100 SEED=1
	$(BIN)/python -m tests.e2e.payer_torture $(or $(KILLS),100) $(or $(SEED),1)

fuzz: install-dev .cache/fuzz/atheris ## fuzz the parsers, SECONDS each: make fuzz SECONDS=60 PARSERS="csv fhir"
	PYTHONPATH=.cache/fuzz $(BIN)/python -m scripts.fuzz.table $(or $(SECONDS),60) $(PARSERS)

.cache/fuzz/atheris:
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --target .cache/fuzz 'atheris>=3.0,<4'

benchmarks-wire: install ## the service over HTTP: events/s, waiting times, memory, disk, a kill
	$(BIN)/python benchmarks/wire.py

image: ## build the container image without a daemon and run the demo in it (root, Debian)
	scripts/build_image.sh

clean: ## remove what the targets made
	rm -rf $(VENV) .cache .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis demo-site
