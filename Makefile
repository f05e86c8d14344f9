# The index of everything that can be run here. `make help` lists it.
VENV := .venv
BIN := $(VENV)/bin
# The first Python on PATH that runs and is new enough; python3 if none is, so that preflight can say what is wrong.
PYTHON ?= $(or $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && echo $$python && break; \
	done), python3)
JOBS ?= 2
FIRMWARE ?= build/demo/firmware
RUN ?= build/demo/run.h5
N ?= 100
.PHONY: help setup demo test lint mutate fuzz synth scale bench cosim clean
help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' Makefile

setup: $(BIN)/.installed ## make the virtual environment from constraints.txt
$(BIN)/.installed: constraints.txt pyproject.toml streams/preflight.py
	@$(PYTHON) streams/preflight.py
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt setuptools wheel
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --no-build-isolation -e '.[test,synth]'
	@touch $@

demo: setup ## simulate, train, convert, verify, co-simulate, replay; pictures under build/demo
	rm -rf build/demo
	$(BIN)/lartrig demo --output build/demo

test: lint ## lint and all tests
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal

lint: setup ## ruff, mypy (strict), import order of the packages, house style of RTL and benches
	$(BIN)/ruff check --quiet .
	$(BIN)/ruff format --quiet --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m firmware_tests.house_style

mutate: setup ## every planted fault of the RTL (make test takes every fourth one where Icarus is not installed)
	LARTRIG_ALL=1 $(BIN)/python -m pytest -n $(JOBS) firmware_tests -k 'mutation or fault'

fuzz: setup ## N random networks, exact on every level (SEED=17: that one alone), then damage to every kind of input file
	$(BIN)/python -m firmware_tests.fuzz $(if $(SEED),--seed $(SEED),--n $(N))
	$(if $(SEED),,LARTRIG_FUZZ=full $(BIN)/python -m pytest -n $(JOBS) streams/tests -k fuzz)

synth: setup ## make the exact baselines of synthesis in hls/baselines anew
	$(BIN)/python -m hls.synth.baselines

scale: setup ## 150 assemblies, 1 ms each: serial, then killed and gone on with on Dask; the same bytes (3 GB of disk)
	$(BIN)/python benchmarks/cluster.py --module

bench: setup ## speeds: one `name value unit` per line
	@for file in benchmarks/*.py; do $(BIN)/python $$file || exit 1; done

cosim: setup ## co-simulate FIRMWARE on RUN (made by `make demo` if absent)
	@test -e $(FIRMWARE) -a -e $(RUN) || $(MAKE) demo
	$(BIN)/lartrig cosim $(FIRMWARE) $(RUN)

clean: ## remove what was built (the virtual environment stays)
	rm -rf build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache *.egg-info
	find streams trigger hls firmware_tests benchmarks -name __pycache__ -prune -exec rm -rf {} +
