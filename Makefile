# The words of this house. `make run` and `make test` do all the set-up they need.
.DEFAULT_GOAL := help
SHELL := bash
PY := .venv/bin/python
PYTEST := $(PY) -m pytest
PORT ?= 8000

.PHONY: help setup setup-tests run test test-fast check fix bench chaos fuzz docs lock

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## / - /' | column -t -s '-' -l 2

setup:  ## everything a fresh machine needs, in .venv and by apt
	@scripts/set-up.sh

setup-tests:  ## the same, with the real parts that tests need
	@scripts/set-up.sh tests

run: setup  ## Stormproof with the sample shop under its care (PORT=8000 SHOP_PORT=8480)
	@.venv/bin/stormproof up --with-shop --port $(PORT) $(if $(SHOP_PORT),--shop-port $(SHOP_PORT))

test: setup-tests  ## all tests: the quick ones side by side, then those that need real parts
	$(PYTEST) -q -n 2 --dist loadfile -m "not parts"
	$(PYTEST) -q -m parts

test-fast: setup  ## the tests that need no system parts
	$(PYTEST) -q -n 2 --dist loadfile -m "not parts"

check: setup  ## lint, format, import law, types, what must not be committed
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/lint-imports
	.venv/bin/mypy
	scripts/check-tree.sh
	$(PYTEST) -q tests/house

fix:  ## lint and format what can be mended by itself
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

bench: setup-tests  ## the figures behind our claims
	@for script in benchmarks/*.py; do [ -e "$$script" ] || continue; echo "== $$script"; $(PY) "$$script" || exit 1; done

chaos: setup-tests  ## kill every process at many moments of a real incident
	STORMPROOF_TEST_MOMENTS=20 STORMPROOF_TEST_KILLS=200 $(PYTEST) -q -m parts tests/chaos

fuzz: setup-tests  ## the property tests, for long
	$(PYTEST) -q -m hypothesis --hypothesis-profile=long

docs: setup  ## write the generated pages of docs/reference again
	$(PY) scripts/write_reference.py

lock:  ## lock the versions of pyproject.toml, with hashes
	scripts/lock.sh
