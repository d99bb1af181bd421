# `make run` and `make test` are all a newcomer needs; `make help` lists the rest.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
MANAGE := $(BIN)/python manage.py
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PYTHONUNBUFFERED := 1

# One worker per core of a small machine.
WORKERS ?= 2
PYTEST := $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

# What `make check` asks about production, with values that are nobody's.
PRODUCTION_LIKE := SHOP_ENV_FILE=none DEBUG=off \
	SECRET_KEY=check-only-3f9c1b7a5d2e8046-check-only-9b1d7e3c5a2f8064 \
	ALLOWED_HOSTS=shop.invalid SITE_URL=https://shop.invalid DATABASE_URL=postgres://check@127.0.0.1:1/check \
	MIDTRANS_SERVER_KEY=check-only MIDTRANS_CLIENT_KEY=check-only RESEND_API_KEY=check-only \
	RESEND_FROM_EMAIL=check@shop.invalid ALERT_EMAIL=check@shop.invalid SECURE_HSTS_PRELOAD=on
# Settings of a developer's machine, whatever .env says.
DEBUG_LIKE := SHOP_ENV_FILE=none DEBUG=on

# Stamps carry the lock's hash: a changed lock installs again, everything else is instant.
hash = $(shell cat $(1) | cksum | tr ' ' '-')
RUN_STAMP := $(VENV)/.installed-run-$(call hash,requirements.lock)
DEV_STAMP := $(VENV)/.installed-dev-$(call hash,requirements-dev.lock)

.PHONY: help
help: ## list these targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# --- set up ---

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or newer is needed; say which one: make PYTHON=python3.12 run"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { \
		rm -rf $(VENV); echo "Python's venv module is needed (Debian: apt-get install python3-venv)."; exit 1; }

$(RUN_STAMP): $(BIN)/python
	@test -n "$$(ls $(VENV)/.installed-dev-* 2>/dev/null)" || echo "Installing (about half a minute, once) ..."
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	@rm -f $(VENV)/.installed-run-* && touch $@

$(DEV_STAMP): $(BIN)/python
	@echo "Installing the developer's tools (about a minute, once) ..."
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements-dev.lock
	@rm -f $(VENV)/.installed-dev-* && touch $@

.env:
	@umask 077 && printf 'DEBUG=on\nSECRET_KEY=%s\n' \
		"$$($(PYTHON) -c 'import secrets; print(secrets.token_urlsafe(50))')" > $@.new && mv $@.new $@
	@echo "Wrote .env: DEBUG=on and a random SECRET_KEY."

.PHONY: setup
setup: $(DEV_STAMP) .env ## everything a developer needs, without starting anything

# --- use ---

.PHONY: run
run: $(RUN_STAMP) .env ## the whole shop: database, payment simulator, web server, cron jobs (Ctrl-C stops it)
	@exec $(MANAGE) run_shop

.PHONY: seed
seed: $(RUN_STAMP) .env ## fill the demo shop (safe to repeat)
	@$(BIN)/python -m config.embedded_postgres run -- $(MANAGE) migrate --verbosity 0
	@$(BIN)/python -m config.embedded_postgres run -- $(MANAGE) seed_demo

.PHONY: reset
reset: $(RUN_STAMP) .env ## throw the embedded database and its demo shop away
	@$(BIN)/python -m config.embedded_postgres destroy
	@echo "The embedded database is gone; make run makes a new one."

# --- check ---

.PHONY: test
test: $(DEV_STAMP) ## the whole test suite, on a throw-away PostgreSQL
	@$(PYTEST)

.PHONY: test-postgres15
test-postgres15: $(DEV_STAMP) ## the same on the oldest PostgreSQL we support (Debian: apt-get install postgresql-15)
	@$(BIN)/python -m tests.support.system_postgres 15 -- $(PYTEST)

.PHONY: faults
faults: $(DEV_STAMP) ## break a real server: database stopped, restarted, stalled (a minute)
	@$(BIN)/python -m pytest -m faults

.PHONY: sweep
sweep: $(DEV_STAMP) ## all that needs a real browser, and the API held to its schema (minutes)
	@$(PYTEST) -m "sweep or browser"

LIGHTHOUSE := .lighthouse/node_modules/.bin/lighthouse

$(LIGHTHOUSE):
	@command -v npm > /dev/null || { echo "npm is needed to fetch Lighthouse (Debian: apt-get install npm)"; exit 1; }
	@mkdir -p .lighthouse && npm install --no-save --no-audit --no-fund --silent --prefix .lighthouse lighthouse@12.8.2

.PHONY: lighthouse
lighthouse: $(DEV_STAMP) $(LIGHTHOUSE) ## the pages as a phone on a slow network sees them, against their budgets (minutes; idle machine)
	@$(BIN)/python -m tools.lighthouse --program $(LIGHTHOUSE)

.PHONY: chaos
chaos: $(DEV_STAMP) ## events that meet on one order, parts that are killed, real limits waited out (three minutes)
	@$(PYTEST) -m chaos

.PHONY: drills
drills: $(DEV_STAMP) ## backups made, broken and restored on real servers (minutes)
	@$(PYTEST) -m drills

.PHONY: cron
cron: $(DEV_STAMP) ## the real cron fires the monitors and the owner is told (up to six minutes; root, cron installed)
	@$(BIN)/python -m pytest -m cron -s tests/cron

.PHONY: check
check: lint test sweep chaos drills ## everything a change must pass

.PHONY: lint
lint: $(DEV_STAMP) ## all of check that needs no database: format, lint, types, imports, migrations, deploy
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(DEBUG_LIKE) $(BIN)/mypy
	@$(BIN)/lint-imports
	@$(DEBUG_LIKE) $(BIN)/python -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	@$(PRODUCTION_LIKE) $(MANAGE) check --deploy --fail-level WARNING
	@test ! -e $(SCHEMA) || { $(DEBUG_LIKE) $(MANAGE) spectacular --validate --fail-on-warn | diff -u $(SCHEMA) - \
		|| { echo "$(SCHEMA) is out of date: make schema"; exit 1; }; }

SCHEMA := docs/openapi.yaml

.PHONY: schema
schema: $(DEV_STAMP) ## write the API's contract, docs/openapi.yaml
	@$(DEBUG_LIKE) $(MANAGE) spectacular --validate --fail-on-warn --file $(SCHEMA)

.PHONY: bench
bench: $(DEV_STAMP) ## measure (see performance in docs/)
	@$(BIN)/python -m tests.bench

.PHONY: screenshots
screenshots: $(DEV_STAMP) ## make the README's pictures anew from the shop that `make run` shows (needs Debian's chromium)
	@$(BIN)/python -m tools.screenshots http://127.0.0.1:$${PORT:-8000} docs/screenshots

SHEET := test-artifacts/contact-sheet

.PHONY: contact-sheet
contact-sheet: $(DEV_STAMP) ## pictures of every page, phone and desk, light and dark, on sheets to look at (minutes)
	@rm -rf $(SHEET) && mkdir -p $(SHEET)
	@CONTACT_SHEET=$(SHEET)/pages $(PYTEST) -m "sweep or browser" -k "barriers" tests/journeys
	@$(BIN)/python -m tools.contact_sheet $(SHEET)/pages $(SHEET)

.PHONY: format
format: $(DEV_STAMP) ## format the code and repair what the linter can
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format .

# --- keep ---

# --universal: one lock for every platform and Python; no index named, so any mirror serves.
COMPILE := uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --python-version 3.11 --universal

.PHONY: lock
lock: ## resolve both lock files anew from pyproject.toml (needs uv)
	@command -v uv > /dev/null || { echo "uv is needed to write the locks: pip install uv"; exit 1; }
	$(COMPILE) pyproject.toml -o requirements.lock
	$(COMPILE) --extra dev pyproject.toml -o requirements-dev.lock

.PHONY: clean
clean: ## remove what tools left; the shop's data (.data, .env) stays
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis staticfiles test-artifacts
	find . -name __pycache__ -type d -not -path './.data/*' -prune -exec rm -rf {} +
