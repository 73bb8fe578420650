# All commands of this project; `make help` lists them.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
AWS_VENV := .venv-aws
CHECKOV_VENV := .venv-checkov
BENCH_VENV := .venv-bench
UV_DIR := .venv-uv
UV := $(UV_DIR)/bin/uv
# Compiling while installing uses all cores; otherwise the processes that start first each compile the same modules.
INSTALL := $(UV) pip install --quiet --compile-bytecode --require-hashes
export PIP_ROOT_USER_ACTION := ignore
PIP_INSTALL := pip install --quiet --disable-pip-version-check --require-hashes

.PHONY: help setup installed-for-local dev demo check check-page sizes test test-browsers screenshots lighthouse soak bench scale lock openapi cost emulator-coverage page page-types clean compose-test pin-images preflight deploy prove rollback destroy lambda templates

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.done $(AWS_VENV)/.cli ## Create the virtual environments from the lock files

# pip installs uv, and uv installs everything else; both check the hashes.
$(UV): requirements/uv.lock
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' \
	  || { echo "Python 3.11 to 3.14 is needed; set PYTHON, for example: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	@rm -rf $(UV_DIR)
	@if $(PYTHON) -m pip --version >/dev/null 2>&1; then $(PYTHON) -m $(PIP_INSTALL) --target $(UV_DIR) -r $<; \
	  else $(PYTHON) -m venv $(UV_DIR) && $(UV_DIR)/bin/python -m $(PIP_INSTALL) -r $<; fi
	@touch $@

# The packages of `make dev` and `make demo`; the development tools are added later.
$(VENV)/.local: requirements/local.lock client/pyproject.toml emulator/pyproject.toml $(UV)
	@echo "installing the project's Python packages into $(VENV)"
	@$(UV) venv --quiet --allow-existing --python $(PYTHON) $(VENV)
	@$(INSTALL) --python $(VENV) -r requirements/local.lock
	@$(UV) pip install --quiet --python $(VENV) --no-deps --editable ./client --editable ./emulator
	@touch $@

# Both environments at the same time: each waits for the network and the disk in turn.
installed-for-local: $(UV)
	@$(MAKE) --no-print-directory --silent -j2 $(VENV)/.local $(AWS_VENV)/.done

$(VENV)/.done: requirements/dev.lock $(VENV)/.local
	@echo "installing the development tools into $(VENV)"
	@$(INSTALL) --python $(VENV) -r $<
	@touch $@

# The embedded AWS pins a botocore version that conflicts with aioboto3's, so it has an environment of its own.
$(AWS_VENV)/.done: requirements/embedded-aws.lock $(UV)
	@echo "installing the embedded AWS into $(AWS_VENV)"
	@$(UV) venv --quiet --clear --python $(PYTHON) $(AWS_VENV)
	@$(INSTALL) --python $(AWS_VENV) -r $<
	@touch $@

# Tests call the emulator with the AWS CLI, whose botocore must be the embedded AWS's.
$(AWS_VENV)/.cli: requirements/aws-cli.lock $(AWS_VENV)/.done
	@$(INSTALL) --python $(AWS_VENV) -r $<
	@touch $@

# checkov pins versions of boto3 and networkx that conflict with those of aioboto3 and cfn-lint.
$(CHECKOV_VENV)/.done: requirements/checkov.lock $(UV)
	@echo "installing checkov into $(CHECKOV_VENV)"
	@$(UV) venv --quiet --clear --python $(PYTHON) $(CHECKOV_VENV)
	@$(INSTALL) --python $(CHECKOV_VENV) -r $<
	@touch $@

# cfn-lint and checkov take ten seconds each, so they run only when a template has changed. They make no network requests.
$(CHECKOV_VENV)/.checked: $(VENV)/.done $(CHECKOV_VENV)/.done $(wildcard infra/*.yaml)
	@$(VENV)/bin/cfn-lint --regions us-east-1 ap-northeast-1 eu-west-1 -- infra/*.yaml
	@$(CHECKOV_VENV)/bin/checkov --framework cloudformation --file infra/*.yaml --skip-download --compact --quiet
	@touch $@

dev: installed-for-local ## Start the whole system on this machine: AWS, MediaConvert, service, worker, page
	@$(MAKE) --no-print-directory page || echo "the page could not be built: the API runs without it" >&2
	@exec $(VENV)/bin/python -m local up

demo: installed-for-local ## Upload a video and watch it until it plays: make demo [VIDEO=path]
	@exec $(VENV)/bin/python -m local demo $(if $(VIDEO),"$(VIDEO)")

# The bytecode of tests and processes is kept, also where the environment turns that off: each would compile it again.
KEEP_BYTECODE := PYTHONDONTWRITEBYTECODE= PYTHONPYCACHEPREFIX=$(CURDIR)/.pycache

check: $(VENV)/.done $(CHECKOV_VENV)/.done ## Run the fast checks: format, lint, types, layers, templates, unit tests
	@$(VENV)/bin/ruff format --check --quiet .
	@$(VENV)/bin/ruff check --quiet .
	@$(VENV)/bin/mypy
	@$(VENV)/bin/lint-imports --no-logo > .lint-imports.log || { cat .lint-imports.log; exit 1; }
	@$(MAKE) --no-print-directory --silent $(CHECKOV_VENV)/.checked
	@$(VENV)/bin/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	@$(KEEP_BYTECODE) $(VENV)/bin/python -m pytest tests/unit -q -n $(WORKERS)
	@if $(HAS_NODE); then $(MAKE) --no-print-directory --silent docs/openapi_lint/node_modules/.checked web/node_modules/.checked; \
	  else echo "neither docs/openapi.json nor the page is checked: that needs Node.js 20.19 or newer" >&2; fi

# Two passes: test files in parallel, then the tests that measure time. The second one runs also if the first one fails.
# At their end, the second pass checks the AWS calls of both: see tests/permission_check.py.
WORKERS ?= 2
test: setup ## All tests, against the embedded AWS, in parallel processes: make test [WORKERS=2, or 0 for no other process]
	@export TEST_AWS_CALLS_DIR=$$(mktemp -d) $(KEEP_BYTECODE); trap 'rm -rf "$$TEST_AWS_CALLS_DIR"' EXIT; failed=0; \
	  $(VENV)/bin/python -m pytest -m "not serial" -n $(WORKERS) --dist loadfile --no-loadscope-reorder || failed=1; \
	  $(VENV)/bin/python -m pytest -m serial || failed=1; \
	  exit $$failed

test-browsers: setup ## The page's tests in Chromium, Firefox and WebKit (apt-get install firefox-esr webkit2gtk-driver xvfb gstreamer1.0-libav)
	@TEST_BROWSERS="chromium firefox webkit" $(VENV)/bin/python -m pytest -q tests/browser/test_browsers.py

screenshots: setup ## Make the screenshots of the README (docs/images), in Chromium
	@SCREENSHOTS=1 $(VENV)/bin/python -m pytest -q tests/browser/test_screenshots.py

tests/browser/lighthouse/node_modules/.done: tests/browser/lighthouse/package-lock.json
	@echo "installing Lighthouse into tests/browser/lighthouse/node_modules"
	@npm --prefix tests/browser/lighthouse ci --ignore-scripts --silent
	@touch $@

lighthouse: setup tests/browser/lighthouse/node_modules/.done ## Print Lighthouse's scores of the page, in Chromium, and fail below the lowest that tests/browser/test_lighthouse.py allows
	@LIGHTHOUSE=1 $(VENV)/bin/python -m pytest -q -s tests/browser/test_lighthouse.py

soak: export SOAK := 1
soak: export UPLOADS ?= 200
soak: export KILLS ?= 50
soak: export SEGMENTS ?= 20000
soak: export FAULT_UPLOADS ?= 30
soak: export BURST_S ?= 5
soak: export STOP_UPLOADS ?= 40
soak: export STOPS ?= 10
soak: export OUTAGE_UPLOADS ?= 40
soak: export OUTAGE_S ?= 240
soak: export BURST_UPLOADS ?= 2000
soak: export FAIR_UPLOADS ?= 1000
soak: export MESSAGES ?= 100000
soak: export LETTERS ?= 100000
soak: export WEBHOOKS ?= 200000
soak: export WEBHOOKS_SENT ?= 5000
soak: export BACKFILL_OBJECTS ?= 200
soak: export BACKFILL_KILLS ?= 20
soak: export REQUESTS ?= 100
soak: export SCHEDULES ?= 1000
soak: setup ## Run the reliability tests for longer: make soak [UPLOADS=200 KILLS=50 MESSAGES=100000 SEED=7 …]
	@$(VENV)/bin/python -m pytest -q tests/reliability tests/integration/test_concurrent_events.py tests/simulation/test_dead_endpoint.py

# Only the packages of a Lambda function: development packages would be imported too, and slow down the cold starts.
$(BENCH_VENV)/.done: requirements/lambda.lock $(UV)
	@echo "installing what runs on Lambda into $(BENCH_VENV)"
	@$(UV) venv --quiet --clear --python $(PYTHON) $(BENCH_VENV)
	@$(INSTALL) --python $(BENCH_VENV) -r $<
	@touch $@

# Only a full run of all rows writes its results to bench/.
bench: setup $(BENCH_VENV)/.done ## Run the benchmarks, with simple alternatives: make bench [QUICK=1 MEMORY_S=600 ROWS="streams latency" KEEP=1]
	@$(VENV)/bin/python -m bench $(if $(QUICK),--quick) $(if $(MEMORY_S),--memory-s $(MEMORY_S)) $(ROWS:%=--row %) \
	  $(if $(KEEP),--keep) --to $(if $(KEEP),bench,$(if $(QUICK)$(ROWS),.local/bench,bench))

scale: setup ## Simulate hours of load and outages at each scale, and write docs/scale.md
	@$(VENV)/bin/python -m bench.scale

HAS_NODE := node -e 'const [major, minor] = process.versions.node.split(".").map(Number); process.exit(major > 20 || (major === 20 && minor >= 19) ? 0 : 1)' 2>/dev/null
PAGE_SOURCES := $(shell find web/packages/*/src web/page/src web/page/public -type f) web/page/index.html web/page/vite.config.ts \
  $(wildcard web/package.json web/page/package.json web/packages/*/package.json)

page: ## Build the page; needs Node.js 20.19 or newer
	@if $(HAS_NODE); then $(MAKE) --no-print-directory --silent web/dist/index.html; \
	  else echo "no page: it needs Node.js 20.19 or newer" >&2; fi

check-page: ## Check the page's format, lint, types and unit tests; needs Node.js
	@if $(HAS_NODE); then rm -f web/node_modules/.checked && $(MAKE) --no-print-directory --silent web/node_modules/.checked; \
	  else echo "the page is not checked: that needs Node.js 20.19 or newer" >&2; fi

# What the page's checks read; `make check` repeats them only when one of these files has changed.
web/node_modules/.checked: web/node_modules/.done $(PAGE_SOURCES) $(shell find web/examples -type f -not -path '*/dist/*') \
  $(wildcard web/page/test/* web/packages/*/test/* web/packages/*/*.json web/page/*.json web/scripts/* web/*.json web/*.jsonc web/*.ts) \
  docs/openapi.json docs/frontend.md
	@npm --prefix web run --silent check
	@touch $@

# The recommended rules of two linters. They have a lock file of their own, so that the page's build doesn't install them.
docs/openapi_lint/node_modules/.checked: docs/openapi.json docs/openapi_lint/node_modules/.done docs/openapi_lint/spectral.yaml
	@npm --prefix docs/openapi_lint run --silent check > docs/openapi_lint/node_modules/.log 2>&1 || { cat docs/openapi_lint/node_modules/.log; exit 1; }
	@touch $@

docs/openapi_lint/node_modules/.done: docs/openapi_lint/package-lock.json
	@echo "installing the linters of docs/openapi.json"
	@npm --prefix docs/openapi_lint ci --ignore-scripts --silent
	@touch $@

sizes: web/dist/index.html ## Print the size of each part of the front end, and fail above a budget; needs Node.js
	@npm --prefix web run --silent sizes

page-types: web/node_modules/.done ## Write the page's API types from docs/openapi.json again
	@npm --prefix web run --silent types

web/node_modules/.done: web/package-lock.json
	@echo "installing the page's packages into web/node_modules"
	@npm --prefix web ci --silent
	@touch $@

web/dist/index.html: $(PAGE_SOURCES) web/node_modules/.done
	@npm --prefix web run --silent build -- --logLevel warn

compose-test: ## Test the system under Docker Compose, from build to down; needs Docker
	@tests/system/compose.sh

pin-images: $(VENV)/.done ## Add the digests to the tags of all base images; needs Docker and a registry
	@exec $(VENV)/bin/python -m deploy.image_pins

COMPILE := $(UV) pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-header
lock: $(UV) ## Update the lock files
	@$(COMPILE) pyproject.toml -o requirements/base.lock $(LOCK_FLAGS)
	@$(COMPILE) pyproject.toml --group dev -o requirements/dev.lock $(LOCK_FLAGS)
	@$(COMPILE) pyproject.toml --group local -c requirements/dev.lock -o requirements/local.lock $(LOCK_FLAGS)
	@$(COMPILE) pyproject.toml --group lambda -c requirements/base.lock -o requirements/lambda.lock $(LOCK_FLAGS)
	@$(COMPILE) pyproject.toml --group otel -c requirements/dev.lock -o requirements/otel.lock $(LOCK_FLAGS)
	@$(COMPILE) requirements/aws-cli.in -o requirements/aws-cli.lock $(LOCK_FLAGS)
	@$(COMPILE) requirements/embedded-aws.in -c requirements/aws-cli.lock -o requirements/embedded-aws.lock $(LOCK_FLAGS)
	@$(COMPILE) requirements/checkov.in -o requirements/checkov.lock $(LOCK_FLAGS)

STACK ?= mediaconvert-status
OF_STACK = --stack "$(STACK)" $(if $(REGION),--region "$(REGION)")
OF_ROLE = $(if $(SERVICE_ROLE),--service-role "$(SERVICE_ROLE)")

OF_DEPLOYMENT = --target "$(TARGET)" $(OF_STACK) $(foreach each,$(WITHOUT),--without "$(each)") $(foreach each,$(PARAMETERS),--set "$(each)") $(if $(filter yes,$(OPEN)),--open)

preflight: $(VENV)/.done ## Check an account before a deployment, and change nothing: make preflight TARGET=… STACK=name [REGION=… PARAMETERS=… WITHOUT=… OPEN=yes]
	@exec $(VENV)/bin/python -m deploy preflight $(OF_DEPLOYMENT)

deploy: $(VENV)/.done page ## Deploy to AWS: make deploy TARGET=lambda|fargate STACK=name [PLAN=1 REGION=… PARAMETERS="Name=value …" TAGS="key=value …" WITHOUT=… OPEN=yes PAGE_CONFIG=… SERVICE_ROLE=arn]
	@exec $(VENV)/bin/python -m deploy up $(OF_DEPLOYMENT) $(foreach each,$(TAGS),--tag "$(each)") $(OF_ROLE) \
	  $(if $(PAGE_CONFIG),--page-config "$(PAGE_CONFIG)") $(if $(PLAN),--plan) $(if $(filter 0,$(PREFLIGHT)),--no-preflight)

prove: $(VENV)/.done ## Use a deployed system as its users do, and report what works: make prove STACK=name [REGION=… API=… PUBLIC_ONLY=1 KEEP=1 EVENTS=1 REPORT=folder]
	@exec $(VENV)/bin/python -m prove $(OF_STACK) $(if $(API),--api "$(API)") $(if $(PUBLIC_ONLY),--public-only) $(if $(KEEP),--keep) \
	  $(if $(EVENTS),--events) $(if $(REPORT),--report "$(REPORT)")

rollback: $(VENV)/.done ## Point the Lambda functions to the release before: make rollback STACK=name [REGION=… RELEASE=…]
	@exec $(VENV)/bin/python -m deploy rollback $(OF_STACK) $(if $(RELEASE),--release "$(RELEASE)")

destroy: $(VENV)/.done ## Delete a deployment; its data only with DATA=delete: make destroy STACK=name [REGION=… DATA=delete YES=1 SERVICE_ROLE=arn]
	@exec $(VENV)/bin/python -m deploy down $(OF_STACK) $(OF_ROLE) $(if $(DATA),--data "$(DATA)") $(if $(YES),--yes)

lambda: $(VENV)/.done ## Build the Lambda packages, for arm64 and x86_64: make lambda [LAMBDA_PYTHON=3.13]
	@exec $(VENV)/bin/python -m deploy package $(if $(LAMBDA_PYTHON),--python "$(LAMBDA_PYTHON)")

templates: $(VENV)/.done ## Copy the job template into infra/mediaconvert.yaml
	@$(VENV)/bin/python -m deploy.job_template

emulator-coverage: setup ## Generate emulator/COVERAGE.md; fails if a setting is no longer applied
	@$(VENV)/bin/python -m tests.emulator_coverage

cost: $(VENV)/.done ## Generate docs/cost.md
	@$(VENV)/bin/python -m deploy.cost

openapi: $(VENV)/.done ## Generate docs/openapi.json, and the types of the Python client from it
	@$(VENV)/bin/python -m service.dump_openapi > docs/openapi.json
	@$(VENV)/bin/python -m tests.client_types

clean: ## Remove the virtual environments and caches
	@rm -rf $(UV_DIR) $(VENV) $(AWS_VENV) $(CHECKOV_VENV) $(BENCH_VENV) docs/openapi_lint/node_modules tests/browser/lighthouse/node_modules web/node_modules web/dist web/packages/*/dist web/examples/*/dist .local .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
