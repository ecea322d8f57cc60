# Two commands for a newcomer, `make demo` and `make test`; `make check` for who commits.
# All they need is Python 3.11 or newer with venv. Another Python: make PYTHON=/path/to/python3.12
SHELL := /bin/sh
BIN := .venv/bin
IMAGE ?= lifecycle-hub
CACHE ?= $(HOME)/.cache/lifecycle-hub-bench
ORDERS ?= 20
WHOLE ?= 100000
# Half of a test's time is PostgreSQL's; more than four at once only wait for it.
PARALLEL ?= --numprocesses auto --maxprocesses 4 --dist worksteal
export PYTHON

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-singer test-clients test-campaign test-orders check bench bench-match bench-doors lock image

help: ## what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## .venv as the lock says (the other targets do this themselves); then .venv/bin/hub is the command
	@sh .ci/setup

demo: setup ## three departments become one closed loop; make demo ARGS="--once --projects 300"
	@$(BIN)/hub demo $(ARGS)

test: setup ## every test; make test ARGS="tests/schemas -x", PARALLEL= for one process
	@$(BIN)/python -m pytest $(PARALLEL) $(ARGS)

test-singer: setup ## foreign Singer taps, each in an environment of its own; needs a package index, and says so where none answers
	@HUB_TEST_TAPS=1 $(BIN)/python -m pytest -rs tests/connectors/transports/test_singer_streams.py tests/test_singer_taps.py $(ARGS)

test-clients: setup ## dlt and a TypeScript client read the API, each in an environment of its own; needs the indexes, and Node for one
	@HUB_TEST_TAPS=1 $(BIN)/python -m pytest -rs tests/test_foreign_clients.py $(ARGS)

test-campaign: setup ## the long form of tests that have a short one in `make test`
	@HUB_TEST_CAMPAIGN=1 $(BIN)/python -m pytest -m campaign $(ARGS)

test-orders: setup ## a city of ten thousand records told in twenty random orders has the same clusters each time; an hour
	@HUB_TEST_CAMPAIGN=1 HUB_TEST_ORDERS=$(ORDERS) $(BIN)/python -m pytest tests/test_incremental.py -m campaign $(ARGS)

check: setup ## the gates: format, lint, types, imports, schema drift, SQL, conventions, lock
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest tests/gates $(ARGS)

bench: setup ## the hub beside plain COPY and dlt, all sizes; make bench CACHE=/big/disk ARGS="--sizes 20000"
	$(BIN)/python -m bench.ingest run --cache $(CACHE) $(ARGS)

bench-match: setup ## how well records of one project find each other, on cities nothing was tuned on; make bench-match WHOLE=1000000 DATA=DIR
	@OMP_NUM_THREADS=1 $(BIN)/python -m bench.match run --cache $(CACHE) $(ARGS)
	@OMP_NUM_THREADS=1 $(BIN)/python -m bench.match anchors --cache $(CACHE) $(if $(DATA),--data $(DATA))
	@OMP_NUM_THREADS=1 $(BIN)/python -m bench.match hostile
	@OMP_NUM_THREADS=1 $(BIN)/python -m bench.match whole --unlabelled --size $(WHOLE) --cache $(CACHE)
	@$(BIN)/python -m bench.match promises --cache $(CACHE)

bench-doors: setup ## the push and document doors beside the server alone, by wrk (apt-get install wrk); make bench-doors ARGS="--rounds 3"
	$(BIN)/python -m bench.door --cache $(CACHE) $(ARGS)
	$(BIN)/python -m bench.document --cache $(CACHE) $(ARGS)

lock: setup ## both locks anew from pyproject.toml (needs uv on the PATH); UPGRADE=--upgrade for newer releases
	uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 $(UPGRADE) \
	  pyproject.toml --output-file requirements.lock
	uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 $(UPGRADE) \
	  --extra dev --constraints requirements.lock pyproject.toml --output-file requirements-dev.lock

image: ## the container image, where a container engine runs
	@for engine in docker podman; do \
	  if $$engine info >/dev/null 2>&1; then exec $$engine build --tag $(IMAGE) .; fi; \
	done; \
	echo "没有可用的容器引擎（docker 或 podman），未构建镜像；其它命令均不需要它。" >&2; \
	echo "No container engine (docker or podman) answers, so no image was built; nothing else needs one." >&2; \
	exit 1
