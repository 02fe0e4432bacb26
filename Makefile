# `make` lists the targets. What is set up lies in .venv* and in node_modules folders, installed
# from the lock files in .ci/locks and beside each package.json; a second run finds it there, and
# `make clean` removes it.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory
# Compiled modules are kept, or each of the many processes that tests start compiles them again.
unexport PYTHONDONTWRITEBYTECODE

# The first Python that is new enough; `make PYTHON=/some/python3 test` takes another.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$python && break; done)
NODE ?= $(shell command -v node >/dev/null && command -v npm >/dev/null && node --version)
NODE_PROJECTS := $(patsubst %/package.json,%,$(wildcard tests/*/*/package.json))
BIN := .venv/bin
PIP := python -m pip --disable-pip-version-check install --quiet
# This package itself: without its dependencies, which a lock file has installed, and without an
# environment to build it in, which no lock file would reach.
OURSELVES := --no-deps --no-build-isolation --editable .
NO_NODE := Node (with npm) is not installed, so this is left out:

PARTS := test-heart test-rest test-clients test-programs test-servers
.PHONY: help serve test $(PARTS) lint check check-lint lock schema docs-plots docs-pictures bench \
	bench-history conformance clean

help: ## list the targets
	@awk -F ' *## *' '/^[a-z-]+:.* ## /{sub(":.*", "", $$1); printf "  make %-14s %s\n", $$1, $$2}' \
		$(MAKEFILE_LIST)

serve: .venv/.run ## set up and run the server; ARGS="--scenario FILE --port 8089 …"
	@$(BIN)/mockserver serve $(ARGS)

test: test-setup ## set up and run the tests, with their coverage; ARGS="tests/wire -k name"
	@rm -f .coverage .coverage.*
	$(if $(ARGS),$(BIN)/coverage run -m pytest $(ARGS),@$(MAKE) -j2 --keep-going --output-sync=line $(PARTS))
	@$(BIN)/coverage combine --quiet
	$(if $(ARGS),,@$(BIN)/coverage report --skip-covered)

# Parts, two at once: the longest first, so that the last ones fill what time is left. What no other
# part names is in `test-rest`.
HEART := $(addprefix tests/,engine protocols providers scenario)
CLIENTS := $(addprefix tests/,clients conformance inspector)
PROGRAMS := $(addprefix tests/,benchmarks cli docs examples packaging plugin)
SERVERS := $(addprefix tests/,control fuzz server)
test-heart:
	$(BIN)/coverage run -m pytest $(HEART)
test-rest:
	$(BIN)/coverage run -m pytest $(addprefix --ignore=,$(HEART) $(CLIENTS) $(PROGRAMS) $(SERVERS))
test-clients:
	$(BIN)/coverage run -m pytest $(CLIENTS)
test-programs:
	$(BIN)/coverage run -m pytest $(PROGRAMS)
test-servers:
	$(BIN)/coverage run -m pytest $(SERVERS)

lint: .venv/.dev $(if $(NODE),.ci/pyright/node_modules) ## ruff, mypy, pyright and the import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(if $(NODE),$(PYRIGHT),@echo "$(NO_NODE) pyright")
	@$(BIN)/lint-imports --no-logo
PYRIGHT := .ci/pyright/node_modules/.bin/pyright --pythonpath $(BIN)/python

# What differs from the commit that this branch began at, or is not committed yet.
BASE ?= $(shell git merge-base HEAD origin/HEAD 2>/dev/null || git rev-parse HEAD)
CHANGED = $(shell git diff --name-only --diff-filter=d $(BASE) -- '*.py'; \
	git ls-files --others --exclude-standard -- '*.py')
check: .venv/.dev check-lint ## before each commit: lint what changed, run the pure tests
	$(BIN)/python -m pytest --quiet -m 'not system' --numprocesses 2 $(ARGS)
check-lint: .venv/.dev
	$(if $(CHANGED),$(BIN)/ruff check $(CHANGED))
	$(if $(CHANGED),$(BIN)/ruff format --check $(CHANGED))
	$(if $(CHANGED),$(BIN)/mypy)
	$(if $(CHANGED),@$(BIN)/lint-imports --no-logo)

lock: ## renew the lock files, then run everything
	.ci/lock
	.ci/run

conformance: test-setup .venv-frameworks/.complete .venv-official/.complete ## hold the server against real clients
	$(BIN)/python -m pytest tests/clients tests/conformance tests/examples $(ARGS)
	$(BIN)/python tests/conformance/official/run.py

schema: .venv/.dev ## write scenarios/schema.json anew, after a change of the language
	$(BIN)/mockserver schema > scenarios/schema.json.new && mv scenarios/schema.json.new scenarios/schema.json

docs-plots: .venv/.dev ## draw docs/latency/*.svg, measured from the running server
	$(BIN)/python benchmarks/latency_plots.py $(ARGS)

docs-pictures: .venv/.dev ## take docs/watching/*.png in a browser, draw the dashboard beside them
	$(BIN)/python benchmarks/pictures.py $(ARGS)
	$(BIN)/python benchmarks/dashboard_picture.py

bench: .venv/.dev ## measure speed and memory; BASE="COMMIT …" compares with commits, ARGS="--all"
	$(BIN)/python benchmarks/run.py \
		$(if $(filter command environment,$(origin BASE)),--base $(BASE)) $(ARGS)

bench-history: .venv/.dev ## measure milestones not measured yet, draw docs/speed; ARGS="COMMIT …"
	$(BIN)/python benchmarks/history.py $(ARGS)

clean: ## remove all that was set up, built or cached
	rm -rf .venv .venv-* .bench dist build .coverage .hypothesis .import_linter_cache .mypy_cache \
		.pytest_cache .ruff_cache
	find . -name __pycache__ -prune -exec rm -rf {} +
	find . -name node_modules -prune -exec rm -rf {} +

# --- What is set up: environments and Node projects, each from its lock file -------------------

.PHONY: test-setup
test-setup: .venv/.dev .venv-openai2/.complete
ifneq ($(NODE),)
test-setup: $(NODE_PROJECTS:%=%/node_modules) .ci/pyright/node_modules
endif

.venv/.made:
	@$(or $(PYTHON),python3) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Python 3.11 or newer is needed, and this is $(or $(PYTHON),python3):" \
		"$$($(or $(PYTHON),python3) --version 2>&1). Name one: make PYTHON=/path/to/python3.11" >&2; \
		exit 1; }
	@echo "setting up .venv ($$($(PYTHON) --version)) …"
	@$(PYTHON) -m venv --clear .venv
	@touch $@

.venv/.run: .ci/locks/run.txt pyproject.toml .venv/.made
	@$(BIN)/$(PIP) --requirement .ci/locks/run.txt
	@$(BIN)/$(PIP) $(OURSELVES)
	@touch $@

.venv/.dev: .ci/locks/dev.txt pyproject.toml .venv/.made
	@$(BIN)/$(PIP) --requirement .ci/locks/dev.txt
	@$(BIN)/$(PIP) $(OURSELVES)
	@touch .venv/.run $@

# Environments of their own: what frameworks need takes minutes to install, and other versions.
.venv-%/.complete: .ci/locks/%.txt .venv/.made
	@echo "setting up .venv-$* …"
	@$(BIN)/python -m venv --clear .venv-$*
	@.venv-$*/bin/$(PIP) --requirement $<
	$(if $(filter frameworks,$*),@.venv-$*/bin/$(PIP) $(OURSELVES))
	@touch $@

# The development environment, with the lowest versions that pyproject.toml allows at run time.
.venv-lowest/.complete: .ci/locks/dev.txt .ci/locks/lowest.txt pyproject.toml .venv/.made
	@echo "setting up .venv-lowest …"
	@$(BIN)/python -m venv --clear .venv-lowest
	@.venv-lowest/bin/$(PIP) --requirement .ci/locks/dev.txt
	@.venv-lowest/bin/$(PIP) --requirement .ci/locks/lowest.txt
	@.venv-lowest/bin/$(PIP) $(OURSELVES)
	@touch $@

# The same, by the newest Python that there is: `make NEWEST=/some/python3 .venv-newest/.complete`.
.venv-newest/.complete: .ci/locks/dev.txt pyproject.toml
	@echo "setting up .venv-newest ($$($(NEWEST) --version)) …"
	@$(NEWEST) -m venv --clear .venv-newest
	@.venv-newest/bin/$(PIP) --requirement .ci/locks/dev.txt
	@.venv-newest/bin/$(PIP) $(OURSELVES)
	@touch $@

%/node_modules: %/package.json %/package-lock.json
	@npm ci --no-audit --no-fund --loglevel=error --prefix $*
	@touch $@
