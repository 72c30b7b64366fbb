# What developers and newcomers type. `make` alone lists it.
SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PORT ?= 8000
# Some environments forbid it; then every process would compile anew what it imports.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help install demo serve test check fix bench docs generate lock dagster clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(STAMP)  ## make .venv with everything a developer needs

$(STAMP): requirements.lock pyproject.toml scripts/install
	@scripts/install $(VENV)
	@touch $@

demo: $(STAMP)  ## build the mesh from the built-in sample and serve it
	@$(BIN)/meshport run
	@$(BIN)/meshport serve --demo --port $(PORT)

serve: $(STAMP)  ## serve what is published
	@$(BIN)/meshport serve --port $(PORT)

# A third process works while two wait, for a browser or a server: the suite is made for two cores.
test: $(STAMP)  ## the whole test suite
	@$(BIN)/python -m pytest -n 3 --dist loadgroup -q

check: $(STAMP)  ## format, lint, types, import layers, generated files, docs
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/meshport contract lint
	@$(BIN)/meshport generate --check

fix: $(STAMP)  ## format, and mend what can be mended
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .
	@$(BIN)/meshport generate

generate: $(STAMP)  ## write the files that follow from the contracts and the code
	@$(BIN)/meshport generate

docs: generate  ## write the generated reference pages below docs/

bench: $(STAMP)  ## measure, side by side with doing it by hand and with others
	@$(BIN)/python -m benchmarks

dagster: $(STAMP)  ## Dagster's own pages over the same run history
	@$(BIN)/meshport dagster

lock: $(STAMP)  ## resolve the dependencies anew
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-annotate --extra dev \
	  --python-version 3.11 --custom-compile-command "make lock" pyproject.toml -o requirements.lock

clean:  ## remove the environment and all state
	@rm -rf $(VENV) .meshport
