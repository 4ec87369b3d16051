# Every target sets up what it needs: a Python 3.11+ and the package registries are enough.
PYTHON ?= python3
JOBS ?= 3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
READY := $(VENV)/.ready
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: help demo test lint format schemas deployment pictures bench eval model chaos alarms fuzz validate constraints clean

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "headline-ticker needs Python 3.11 or newer; set PYTHON=")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	$(INSTALL) --editable .
	@touch $@

$(READY): $(INSTALLED)
	$(INSTALL) --editable '.[broker]' --group dev
	@touch $@

demo: $(INSTALLED)  ## the main job on a bundled sample, without a broker
	$(BIN)/ticker run streams/samples --dropped

test: $(READY)  ## all tests; starts real Kafkas by itself, one for each of JOBS=3 processes; JOBS=0 is one after the other
	$(BIN)/python -m pytest --numprocesses $(JOBS) --dist loadfile

lint: $(READY)  ## ruff, mypy --strict and the drift of generated files
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/python -m schemas.generate --check
	$(BIN)/python -m deploy.reference --check
	$(BIN)/python -m deploy.grafana.generate --check
	$(BIN)/python -m deploy.kafka.acls --check
	$(BIN)/python -m deploy.kubernetes.rules --check

format: $(READY)  ## let ruff format and mend what it can
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

schemas: $(READY)  ## generate JSON Schema and AsyncAPI from the structs
	$(BIN)/python -m schemas.generate

deployment: $(READY)  ## generate docs/settings.md, docs/metrics.md, Grafana's dashboards, the ACL script and the operator's rules
	$(BIN)/python -m deploy.reference
	$(BIN)/python -m deploy.grafana.generate
	$(BIN)/python -m deploy.kafka.acls
	$(BIN)/python -m deploy.kubernetes.rules

pictures: $(READY)  ## take the docs' pictures of the pages and dashboards anew, with this machine's Chromium (five minutes)
	TICKER_PICTURES=docs/images $(BIN)/python -m pytest -q tests/serve/test_board.py -k picture
	TICKER_PICTURES=docs/images $(BIN)/python -m pytest -q tests/deploy/test_dashboards.py -k drawn

bench: $(INSTALLED)  ## the local benchmark; prints corpus, machine and figures
	$(BIN)/ticker bench local

eval: $(READY)  ## accuracy of categories, near duplicates and pages; wants ../shared, else its own sets only
	$(BIN)/python -m streams.evaluate

model: $(READY)  ## learn the categorizer's model again from its lexicons and ../shared/data
	$(BIN)/python -m streams.process.categorize.train ../shared/data

chaos: $(READY) alarms  ## provoke faults for real and check exactly once, and what people are told (an hour); CHAOS="kill --kills 20" for less
	$(BIN)/python -m tests.chaos $(CHAOS)
	$(BIN)/python -m pytest -m chaos

alarms: $(READY)  ## provoke faults and check alerts, what people are told, and counts (ten minutes); ALARMS="--faster 1" is an hour
	$(BIN)/python -m tests.chaos.alarms $(ALARMS)

fuzz: $(READY)  ## any bytes into all that reads from outside (hours); FUZZ="--seconds 60" for a minute
	$(BIN)/python -m tests.fuzz $(FUZZ)

validate: $(READY)  ## a million real events by validators in four languages (ten minutes on a quiet machine); wants ../shared, node, java and go
	$(BIN)/python -m tests.validators $(VALIDATE)

constraints: $(READY)  ## pin what is installed now
	$(BIN)/python -m pip freeze --exclude-editable | grep -v '^pip==' > constraints.txt

clean:  ## remove everything that was built
	rm -rf $(VENV) dist build .mypy_cache .pytest_cache .ruff_cache .hypothesis .ticker
