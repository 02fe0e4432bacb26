# `make` lists the targets. What is set up lies in .venv and in node_modules folders; a second
# run finds it there, and `make clean` removes it.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

# The first Python that is new enough; `make PYTHON=/some/python3 test` takes another.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$python && break; done)
NODE ?= $(shell command -v node >/dev/null && command -v npm >/dev/null && node --version)
NODE_PROJECTS := $(wildcard tests/*/*/package.json)
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet
NO_NODE := Node (with npm) is not installed, so this is left out:

# Of pyright's wrapper: it is not for the one who runs this to hear of newer versions.
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1

.PHONY: help serve test test-clients test-rest lint schema docs-plots bench conformance clean

help: ## list the targets
	@awk -F ' *## *' '/^[a-z-]+:.* ## /{sub(":.*", "", $$1); printf "  make %-12s %s\n", $$1, $$2}' \
		$(MAKEFILE_LIST)

serve: .venv/.installed ## set up and run the server; ARGS="--scenario FILE --port 8089 …"
	@$(BIN)/mockserver serve $(ARGS)

test: lint $(if $(NODE),.venv/.node) ## set up, lint, and run the tests with their coverage
	@$(if $(NODE),:,echo "$(NO_NODE) what a Node client tests")
	@rm -f .coverage .coverage.*
	$(if $(ARGS),$(BIN)/coverage run -m pytest $(ARGS),@$(MAKE) -j2 --output-sync=line test-clients test-rest)
	@$(BIN)/coverage combine --quiet
	$(if $(ARGS),,@$(BIN)/coverage report --skip-covered)

# Two halves at once, of about the same length: what runs programs of its own, and all else.
HALF := $(addprefix tests/,clients conformance control examples fuzz packaging plugin server)
test-clients:
	$(BIN)/coverage run -m pytest $(HALF)
test-rest:
	$(BIN)/coverage run -m pytest $(HALF:%=--ignore=%)

lint: .venv/.dev ## ruff, mypy, pyright and the import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(if $(NODE),$(BIN)/pyright --pythonpath $(BIN)/python,@echo "$(NO_NODE) pyright")
	@$(BIN)/lint-imports --no-logo

conformance: .venv/.dev .venv-frameworks/complete $(if $(NODE),.venv/.node) ## hold the server against real clients
	@$(if $(NODE),:,echo "$(NO_NODE) the Node client")
	$(BIN)/python -m pytest tests/clients tests/conformance $(ARGS)
	$(BIN)/python tests/conformance/official/run.py

schema: .venv/.dev ## write scenarios/schema.json anew, after a change of the language
	$(BIN)/mockserver schema > scenarios/schema.json.new && mv scenarios/schema.json.new scenarios/schema.json

docs-plots: .venv/.dev ## draw docs/latency/*.svg, measured from the running server
	$(BIN)/python benchmarks/latency_plots.py $(ARGS)

bench: .venv/.dev ## measure speed and memory
	$(BIN)/python benchmarks/run.py $(ARGS)

clean: ## remove all that was set up, built or cached
	rm -rf .venv .venv-* dist build .coverage .hypothesis .import_linter_cache .mypy_cache \
		.pytest_cache .ruff_cache
	find . -name __pycache__ -prune -exec rm -rf {} +
	find . -name node_modules -prune -exec rm -rf {} +

.venv/.made:
	@$(or $(PYTHON),python3) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Python 3.11 or newer is needed, and this is $(or $(PYTHON),python3):" \
		"$$($(or $(PYTHON),python3) --version 2>&1). Name one: make PYTHON=/path/to/python3.11" >&2; \
		exit 1; }
	@echo "setting up .venv ($$($(PYTHON) --version)) …"
	@$(PYTHON) -m venv --clear .venv
	@touch $@

.venv/.installed: pyproject.toml .venv/.made
	@$(PIP) --editable .
	@touch $@

.venv/.dev: pyproject.toml .venv/.made
	@$(PIP) --editable '.[dev]'
	@touch .venv/.installed $@

# An environment of its own: what frameworks need takes minutes to install, and other versions.
.venv-frameworks/complete: pyproject.toml .venv/.made
	@echo "setting up .venv-frameworks (LiteLLM, LangChain, pydantic-ai, OpenAI Agents) …"
	@$(BIN)/python -m venv --clear .venv-frameworks
	@.venv-frameworks/bin/python -m pip --disable-pip-version-check install --quiet \
		--editable '.[examples]' pytest
	@touch $@

.venv/.node: $(NODE_PROJECTS) .venv/.made
	@$(foreach project,$(NODE_PROJECTS),npm install --no-save --no-audit --no-fund --loglevel=error --prefix $(dir $(project)) &&) :
	@touch $@
