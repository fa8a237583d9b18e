# The two commands of the README are `make demo` and `make test`: each does its own
# set-up on a fresh machine, says what it does, and is quick the second time.

GO      ?= go
BIN     := bin/fairtrial
VENV    := .venv
PYTHON  ?= python3
PKGS    := ./...
# DuckDB links 130 MB into a test binary: two at a time fit an ordinary machine. go vet has
# looked at everything before the tests: go test need not again.
TESTFLAGS ?= -p 2 -timeout 20m -vet=off
# Everything is compiled for the program as it is released and for tests alike: with other
# flags the modules (minutes, on a new machine) would be compiled once for each.
export GOFLAGS := $(strip $(filter-out -trimpath,$(shell $(GO) env GOFLAGS 2>/dev/null)) -trimpath)
LINT_VERSION := v2.7.0

.DEFAULT_GOAL := build
.PHONY: build model demo-live record-examples test test-unit test-slow test-race oracles conformance-scorers lint bench demo docs fuzz test-trino test-clickhouse test-s3 test-ci test-orchestrators test-integrations test-mlflow test-openlineage test-deploy clean tools web wheel test-python test-promptfoo test-inspect

build: web ## build bin/fairtrial
	@mkdir -p bin
	@$(GO) build -trimpath -o bin/built/fairtrial ./cmd/fairtrial
	@cmp -s bin/built/fairtrial $(BIN) || { cp bin/built/fairtrial $(BIN).part && mv $(BIN).part $(BIN); } # at once: something may be running it

web: ## the script of the report's charts, when npm is there
	@GO="$(GO)" sh scripts/web.sh

tools: # a clear word instead of a compiler's, when something is missing
	@command -v $(GO)  >/dev/null || { echo "Go 1.26 or newer is needed: https://go.dev/dl"; exit 1; }
	@command -v gcc    >/dev/null || { echo "gcc is needed (DuckDB is linked by cgo): apt-get install gcc"; exit 1; }
	@command -v g++    >/dev/null || { echo "g++ is needed (DuckDB is linked by cgo): apt-get install g++"; exit 1; }

demo: tools ## run the example and explain what it shows
	@echo "== building fairtrial (the first time fetches and compiles its modules: some minutes)"
	@$(MAKE) --no-print-directory build
	@echo "== running the examples"
	@$(BIN) demo

model: ## a real small model (Gemma 3 270M, llama.cpp) and MiniLM, in the user's cache folder
	@PYTHON="$(PYTHON)" sh scripts/model.sh setup

demo-live: tools build ## both generative examples with that model asked, not recorded
	@PYTHON="$(PYTHON)" sh scripts/demo-live.sh $(BIN)

record-examples: tools build ## ask that model anew and replace the recorded answers of the examples
	@PYTHON="$(PYTHON)" sh scripts/demo-live.sh $(BIN) record

test: tools web ## unit tests, command tests, laws, conformance, replayed fuzz corpora
	@echo "== go vet and tests (the first time compiles everything: some minutes)"
	@$(GO) vet $(PKGS)
	@$(GO) test $(TESTFLAGS) $(PKGS)
	@$(GO) vet -tags snowflake,bigquery ./internal/connect
	@$(GO) test -vet=off -tags snowflake,bigquery -run 'BigQuery|Snowflake|Seconds' ./internal/connect
	@$(MAKE) --no-print-directory build
	@$(MAKE) --no-print-directory -j2 --output-sync=target conformance conformance-scorers test-python

test-race: tools ## the Go tests of what runs at the same time, under the race detector
	@GO="$(GO)" sh scripts/race.sh $(TESTFLAGS)

conformance: ## compare every metric with scikit-learn, statsmodels and fairlearn
	@PYTHON="$(PYTHON)" VENV="$(VENV)" sh oracles/run.sh

conformance-scorers: ## compare the text scorers with sacrebleu, rouge-score, IFEval's verifiers and others
	@GO="$(GO)" PYTHON="$(PYTHON)" VENV="$(VENV)" sh oracles/scorers.sh

test-slow: tools build ## coverage simulations, long fuzzing, kill tests (tens of minutes)
	@FAIRTRIAL_SLOW=1 $(GO) test -p 1 -timeout 60m $(PKGS)
	@$(MAKE) --no-print-directory fuzz FUZZTIME=60s

FUZZTIME ?= 20s
fuzz: ## run every fuzz target for FUZZTIME
	@GO="$(GO)" sh scripts/fuzz.sh $(FUZZTIME)

test-trino: tools ## fetch a real Trino (Java 24 or newer) and compare with it
	@GO="$(GO)" PYTHON="$(PYTHON)" sh scripts/trino.sh

test-clickhouse: tools ## the tests of ClickHouse against an installed server
	@GO="$(GO)" sh scripts/clickhouse.sh

test-s3: tools ## the tests of object stores against moto
	@GO="$(GO)" PYTHON="$(PYTHON)" VENV="$(VENV)" sh scripts/s3.sh

test-ci: tools build ## the examples in the tools of CI systems (act, gitlab-ci-local, pre-commit …)
	@GO="$(GO)" bash scripts/ci-systems.sh

test-orchestrators: tools ## the examples in real Airflow, Prefect and Dagster (720 MB)
	@GO="$(GO)" PYTHON="$(PYTHON)" sh scripts/orchestrators.sh

test-mlflow: tools ## the tests of MLflow against real servers (850 MB)
	@GO="$(GO)" PYTHON="$(PYTHON)" sh scripts/mlflow.sh

test-openlineage: tools ## OpenLineage events against the standard's own Python classes
	@GO="$(GO)" PYTHON="$(PYTHON)" sh scripts/openlineage.sh

test-deploy: build ## Kubernetes manifests against the API's types, the Dockerfile by hadolint
	@GO="$(GO)" PYTHON="$(PYTHON)" BIN="$(BIN)" sh scripts/deploy.sh

# Real systems, each installed once by the package registries: about five minutes, 2 GB.
test-integrations: ## all of the five above
	@for t in test-ci test-mlflow test-openlineage test-deploy test-orchestrators; do $(MAKE) --no-print-directory $$t || exit 1; done

wheel: tools web ## dist/fairtrial-*.whl: the Python package with the program in it
	@GO="$(GO)" PYTHON="$(PYTHON)" sh scripts/wheel.sh

test-python: ## the Python package: types, style and tests, with and without pandas and pyarrow
	@PYTHON="$(PYTHON)" sh scripts/python.sh

test-promptfoo: tools ## imported configurations against the real promptfoo from npm (1.4 GB)
	@GO="$(GO)" PYTHON="$(PYTHON)" sh scripts/promptfoo.sh

test-inspect: tools ## imported logs against the real Inspect AI from PyPI
	@GO="$(GO)" PYTHON="$(PYTHON)" VENV="$(VENV)" sh scripts/inspect.sh

lint: ## gofmt, vet, golangci-lint and govulncheck where they can run
	@GO="$(GO)" sh scripts/lint.sh $(LINT_VERSION)

bench: build ## make 10 M rows and measure against the scan floor and scikit-learn; answers of models against promptfoo and Inspect
	@status=0; PYTHON="$(PYTHON)" VENV="$(VENV)" GO="$(GO)" sh bench/run.sh || status=1; \
	PYTHON="$(PYTHON)" GO="$(GO)" sh bench/llm.sh || status=1; exit $$status

docs: build ## write the generated pages: the catalogue, the conformance table and the simulated tables (half an hour)
	@$(BIN) metrics --markdown > docs/metrics-catalogue.md
	@PYTHON="$(PYTHON)" VENV="$(VENV)" sh oracles/run.sh --table > bin/conformance.md
	@if [ -s bin/conformance.md ]; then mv bin/conformance.md docs/conformance.md; fi
	@GO="$(GO)" PYTHON="$(PYTHON)" VENV="$(VENV)" sh oracles/scorers.sh --docs
	@$(GO) run ./internal/tools/coverage -gates -title > docs/statistics-gates.md
	@$(GO) run ./internal/tools/coverage -title > docs/statistics-coverage.md

clean:
	@rm -rf bin dist .venv .venv-python bench/data
