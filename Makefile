SHELL := /bin/bash
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready
DEMO := artifacts/demo
WORKERS ?= auto
DURATIONS ?=

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-real test-heavy test-nojit lint fmt docs wheel-smoke bench bench-catalog bench-scaling bench-correlation ablation split-half reports snapshots bench-wgcna explain-report usage-noise clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | expand -t 16

setup: $(STAMP) ## make .venv with isograph and everything it needs

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; name one: make setup PYTHON=python3.12" >&2; exit 2; }
	@test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	@echo "Installing isograph and its dependencies into $(VENV) ..." >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

demo: setup ## import and fit the bundled real data set, and say where the results are
	@$(BIN)/isograph import fixtures/ecoli_precise/values.tsv.gz $(DEMO)/bundle --overwrite \
		--samples fixtures/ecoli_precise/samples.tsv --scale log --name ecoli_precise
	@$(BIN)/isograph fit $(DEMO)/bundle --output-dir $(DEMO)/fit --overwrite

test: setup lint ## lint, check types and layers, run the tests
	@$(BIN)/pytest -n $(WORKERS) --dist loadfile $(if $(DURATIONS),--durations=$(DURATIONS))

test-real: setup ## run the tests on the real data sets beside the checkout
	@$(BIN)/pytest -m real

test-heavy: setup ## run the tests that take long or much memory
	@$(BIN)/pytest -m heavy

test-nojit: setup ## run the kernel tests without the compiler
	@NUMBA_DISABLE_JIT=1 $(BIN)/pytest tests/kernels

lint: setup ## check style, types and SQL
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/sqlfluff lint --nocolor --disable-progress-bar -q sql

fmt: setup ## rewrite sources in the house style
	@$(BIN)/ruff check --fix --quiet .
	@$(BIN)/ruff format --quiet .
	@$(BIN)/sqlfluff fix --nocolor --disable-progress-bar -q sql

docs: setup ## rewrite the generated documentation pages
	@$(BIN)/python docs/generate.py

wheel-smoke: setup ## build the wheel, install it apart and run it outside the checkout
	@bash benchmarks/wheel_smoke.sh "$(abspath $(BIN))/python"

bench: setup ## time the main jobs as whole processes
	@$(BIN)/python benchmarks/run.py

bench-catalog: setup ## time questions over a catalog of 50 fits of 12,000 genes
	@$(BIN)/python benchmarks/catalog.py

bench-scaling: setup ## time fits of growing size and rewrite docs/scaling.md (about 3 minutes)
	@$(BIN)/python benchmarks/scaling.py

bench-correlation: setup ## compare the correlation of all pairs with the machine's matrix product (about 2 minutes)
	@$(BIN)/python benchmarks/correlation.py

ablation: setup ## change each choice of the factor backend alone and rewrite docs/ablation.md (takes long)
	@$(BIN)/python benchmarks/ablation.py
	@$(BIN)/python docs/generate.py

split-half: setup ## say how well two halves of your samples agree: make split-half DATA=BUNDLE [HALF="--where COLUMN=VALUE"]
	@$(BIN)/python benchmarks/split_half.py "$(DATA)" $(HALF)

bench-wgcna: setup ## time WGCNA on 4,000 and 13,000 features
	@$(BIN)/python benchmarks/wgcna.py

reports: setup ## fit every fixture suite again and rewrite the committed reports (takes long)
	@for suite in core_v1 multiplex_v1 null_v1 null_usage_v1 scale_v1; do $(BIN)/isograph benchmark --suite $$suite --seeds 5 || exit; done
	@$(BIN)/isograph benchmark --suite stress_v1 --seeds 10 --jobs 2
	@for suite in core_v1 multiplex_v1 scale_v1 null_v1; do $(BIN)/isograph benchmark --suite $$suite --backend vae --seeds 3 || exit; done
	@$(BIN)/isograph benchmark --stage-name stress_v1-factor-covariates --covariates given --seeds 2 \
		$(foreach confounder,batch composition degradation_switch degradation_multiplex depth,--fixture stress_$(confounder)_v1)
	@$(BIN)/python docs/generate.py

snapshots: setup ## make the committed snapshots of the toy fixtures again and show what changed
	@$(BIN)/python benchmarks/snapshots.py

explain-report: setup ## explain fixtures again and rewrite the report of what is found of their truth
	@$(BIN)/python benchmarks/explain.py

usage-noise: setup ## draw p-values and power of the noise model of usage
	@$(BIN)/python benchmarks/usage_noise.py

clean: ## remove what was built or produced
	@rm -rf $(VENV) artifacts/demo artifacts/fits dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis
