# Any target makes the virtual environment when it has to; `make demo` and `make test` are all that a fresh machine needs.
# The first of the tested versions that is there.
PYTHON ?= $(notdir $(firstword $(shell command -v python3.11 python3.12 python3.13) python3.11))
VENV ?= .venv
PYTEST_ARGS ?=
BENCHMARKS ?=
# Of `make fuzz`: inputs for each target, the seed of all, and the number of the one input to try alone.
COUNT ?= 5000
SEED ?= 0
INPUT ?=

BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
PYTEST := $(BIN)/python -m pytest -q
# A worker a core, each with TensorFlow in memory (about 1 GB) and with whole files, whose fixtures are made once.
# PYTEST_ARGS="-n 0" runs one test after the other.
WORKERS := -n auto --maxprocesses 16 --dist loadfile --no-loadscope-reorder
FLINK_JAR := build/beam-runners-flink-2.0-job-server-2.77.0.jar

.PHONY: demo test test-all test-flink fuzz check lint format reference benchmarks clean

demo: $(INSTALLED)
	$(BIN)/winnow demo

test: $(INSTALLED)
	$(PYTEST) $(WORKERS) $(PYTEST_ARGS)

test-all: $(INSTALLED)
	$(PYTEST) $(WORKERS) -m "not flink" $(PYTEST_ARGS)

test-flink: $(INSTALLED) $(FLINK_JAR)
	WINNOW_FLINK_JAR=$(FLINK_JAR) $(PYTEST) -m flink $(PYTEST_ARGS)

# Mutated configs, raw files, specs and requests; docs/reliability.md says what came of them.
fuzz: $(INSTALLED)
	WINNOW_FUZZ=$(COUNT) WINNOW_FUZZ_SEED=$(SEED) WINNOW_FUZZ_INPUT=$(INPUT) $(PYTEST) -s tests/fuzz $(PYTEST_ARGS)

check: lint test

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(INSTALLED)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# docs/config.md and the config's JSON Schema, from the descriptions of its fields.
reference: $(INSTALLED)
	$(BIN)/python docs/config_page.py

# All of them, or those named: make benchmarks BENCHMARKS="train serving"
benchmarks: $(INSTALLED)
	$(BIN)/python benchmarks/page.py $(BENCHMARKS)

# The environment stays: it takes minutes to make, and is made anew when setup.py or constraints.txt change.
clean:
	rm -rf build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

# The stamp is written last: an installation that broke off is taken up again by the next call.
$(INSTALLED): setup.py constraints.txt
	@echo "Installing into $(VENV) (about two minutes)"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

$(FLINK_JAR):
	mvn -q -U dependency:copy -Dartifact=org.apache.beam:$(subst -2.77.0.jar,:2.77.0,$(@F)) -DoutputDirectory=$(@D)
