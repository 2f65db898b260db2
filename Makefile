# The words used everywhere: serve, test, check, bench, docs. Each makes what it needs; nothing else has to be set up.
PYTHON ?= python3
ENVIRONMENTS := .environments
OURS := $(ENVIRONMENTS)/amlemu
REAL := $(ENVIRONMENTS)/azmlinfsrv
FOREIGN := $(ENVIRONMENTS)/foreign
EMPTY := $(ENVIRONMENTS)/empty
CORE := $(ENVIRONMENTS)/azureml-core
AZURE_AI_ML := $(ENVIRONMENTS)/azure-ai-ml
BIN := $(OURS)/bin
MODEL := examples/diabetes/model
# Of pytest: its tests wait for a third of their time, so that one more than there are processors is quicker.
SESSIONS := $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)

.PHONY: serve test check bench docs clean

serve: $(OURS)/.made $(OURS)/.examples  ## serve examples/diabetes on port 5001
	@$(BIN)/python examples/diabetes/train.py --if-missing
	@$(BIN)/amlemu serve examples/diabetes/score.py --model-dir $(MODEL) $(SERVE_FLAGS)

test: check $(OURS)/.test $(REAL)/.made $(FOREIGN)/.made $(EMPTY)/.made $(CORE)/.made $(AZURE_AI_ML)/.made  ## run all tests
	@$(BIN)/python -m pytest -n $(SESSIONS) --dist worksteal $(PYTEST_FLAGS)

check: $(OURS)/.check  ## format, lint, types, layers, mirror
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/python -m pytest -q tests/test_layers.py tests/test_mirror.py

bench: $(OURS)/.test $(REAL)/.bench  ## side by side with the real server; writes docs/bench.md
	@$(BIN)/python -m tests.bench --write docs/bench.md

docs: $(OURS)/.made  ## write the pages that are made from code
	@$(BIN)/python -c "from amlemu_harness.settings import as_markdown; print(as_markdown(), end='')" > docs/settings.md
	@$(BIN)/python -c "from amlemu.azure.page import as_markdown; print(as_markdown(), end='')" > docs/fields.md

clean:
	rm -rf $(ENVIRONMENTS) build .mypy_cache .pytest_cache .ruff_cache .hypothesis

# Environments: ours, the real server's (its pins touch nobody), one with a script's requirements but
# not amlemu, an empty one, azureml-core's, which old scripts import, and azure-ai-ml's, whose local commands find our containers.
$(OURS)/.made: pyproject.toml
	@echo "making $(OURS) ..."
	@$(PYTHON) -m venv $(OURS)
	@$(BIN)/python -m pip install -q --disable-pip-version-check -e .
	@touch $@

$(OURS)/.examples: $(OURS)/.made
	@$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[examples]'
	@touch $@

$(OURS)/.check: $(OURS)/.made
	@$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[test,check]'
	@touch $@ $(OURS)/.test $(OURS)/.examples

$(OURS)/.test: $(OURS)/.check

$(REAL)/.made: tests/contract/requirements-azmlinfsrv.txt
	@echo "making $(REAL) (the real server) ..."
	@$(PYTHON) -m venv $(REAL)
	@$(REAL)/bin/python -m pip install -q --disable-pip-version-check -r $<
	@touch $@

# What the benchmark's script imports, in the versions that ours has: the model is trained there and loaded in both.
$(REAL)/.bench: tests/bench/requirements.txt $(OURS)/.test $(REAL)/.made
	@$(BIN)/python -m pip freeze -r $< | sed '/^## /,$$d' > $@.txt
	@$(REAL)/bin/python -m pip install -q --disable-pip-version-check -r $@.txt
	@touch $@

$(FOREIGN)/.made: tests/contract/requirements-foreign.txt
	@echo "making $(FOREIGN) ..."
	@$(PYTHON) -m venv $(FOREIGN)
	@$(FOREIGN)/bin/python -m pip install -q --disable-pip-version-check -r $<
	@touch $@

$(CORE)/.made: tests/scoring/requirements-azureml-core.txt
	@echo "making $(CORE) ..."
	@$(PYTHON) -m venv $(CORE)
	@$(CORE)/bin/python -m pip install -q --disable-pip-version-check -r $<
	@touch $@

$(AZURE_AI_ML)/.made: tests/container/requirements-azure-ai-ml.txt
	@echo "making $(AZURE_AI_ML) ..."
	@$(PYTHON) -m venv $(AZURE_AI_ML)
	@$(AZURE_AI_ML)/bin/python -m pip install -q --disable-pip-version-check -r $<
	@touch $@

$(EMPTY)/.made:
	@$(PYTHON) -m venv --without-pip $(EMPTY)
	@touch $@
