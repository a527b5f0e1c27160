# Chat API. `make` alone lists what there is.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

SOURCES := Sources Tests Package.swift Bench/Load/Package.swift Bench/Load/Sources Bench/Load/Tests Bench/instructions \
	Bench/Peers/hummingbird Bench/retrieval
VENV := .build/venv
BENCH_VENV := .build/bench-venv
PYTHON := $(VENV)/bin/python
REQUIREMENTS := Tests/System/requirements.txt
# Of the server that `make smoke` walks through.
URL ?= http://localhost:8000
# Of made-up requests for each kind of caller, in `make soak`.
FUZZ_SECONDS ?= 300
# Tests of one server that say most about its database.
ON_MYSQL_TOO := $(patsubst %,Tests/System/test_%.py,story resume handoff takeover sessions credentials isolation \
	message_stream staff_routes accounts bad_requests documents)
# Swift tests that load servers beside the machine itself: run after the others, whose clocks they would disturb, and those of
# the storage, which take all that there is, at the end.
ON_SEVERAL_NODES := ^ClusterTests\.|NodeMembershipTests|RepliesOnTwoNodesTests|TwoNodesOnMySQLTests
ON_STORAGE := ^StorageTests\.
# A private MariaDB and Redis for the tests, unless there are some already.
WITH_SERVERS := $(if $(CHAT_API_TEST_MYSQL),,Scripts/with-servers)

.PHONY: help run build test test-swift test-system test-instructions test-load smoke soak bench bench-assistant bench-more lint format embed openapi docs-assets env-example

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 24

run: ## Install what is missing, build, and serve on http://localhost:8000
	@Scripts/install-packages run
	@echo "make: building (the first time takes some minutes)"
	@swift build -c release --product chat-api
	@echo "make: serving; Ctrl-C ends it"
	@exec .build/release/chat-api serve

build: ## Build the server (release)
	@Scripts/install-packages run
	@swift build -c release --product chat-api

test: ## Install what the tests need and run them all, beside a private MariaDB and Redis
	@Scripts/install-packages test
	@$(WITH_SERVERS) $(MAKE) --no-print-directory test-swift test-system
	@$(MAKE) --no-print-directory test-load test-instructions

test-swift: ## Run the Swift tests only
	@echo "make: building the server and the Swift tests"
	@swift build --build-tests
	@echo "make: running the Swift tests that need no server"
	@swift test --skip-build --skip '$(ON_SEVERAL_NODES)|$(ON_STORAGE)'
	@echo "make: running the Swift tests of several nodes on MariaDB and Redis"
	@$(WITH_SERVERS) swift test --skip-build --filter '$(ON_SEVERAL_NODES)'
	@echo "make: running the Swift tests of the storage on MariaDB"
	@$(WITH_SERVERS) swift test --skip-build --filter '$(ON_STORAGE)'

test-system: $(VENV)/requirements.txt ## Run the tests of the whole server only
	@echo "make: building the server and the fake model"
	@swift build --product chat-api
	@swift build --product model-upstream
	@echo "make: running the tests of the whole server"
	@CHAT_API_BINARY="$(CURDIR)/.build/debug/chat-api" $(PYTHON) -m pytest Tests/System
	@echo "make: running the main story on MariaDB and Redis too"
	@CHAT_API_BINARY="$(CURDIR)/.build/debug/chat-api" $(PYTHON) -m pytest --database mysql $(ON_MYSQL_TOO)

test-load: ## Run the tests of the benchmarks' load program only
	@echo "make: running the tests of the load program"
	@swift test --package-path Bench/Load

test-instructions: ## Count the instructions of a fixed script, and fail where they have risen
	@echo "make: counting instructions (the first time it builds a release)"
	@Scripts/count-instructions

soak: $(VENV)/requirements.txt ## Kill, freeze and drain two nodes, MariaDB and Redis under load (CHAT_API_SOAK_MINUTES=10)
	@Scripts/install-packages test
	@swift build --product chat-api
	@swift build --product model-upstream
	@CHAT_API_BINARY="$(CURDIR)/.build/debug/chat-api" $(PYTHON) -m pytest Tests/System/soak.py
	@echo "make: making up requests for $(FUZZ_SECONDS) seconds for each kind of caller"
	@CHAT_API_BINARY="$(CURDIR)/.build/debug/chat-api" CHAT_API_FUZZ_SECONDS=$(FUZZ_SECONDS) \
		$(PYTHON) -m pytest Tests/System/test_openapi.py

# The copy of the requirements stands for the environment being what they ask for.
$(VENV)/requirements.txt: $(REQUIREMENTS)
	@echo "make: making the tests' Python environment in $(VENV)"
	@python3 -m venv --clear $(VENV)
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --requirement $(REQUIREMENTS)
	@cp $(REQUIREMENTS) $@

smoke: ## Walk through a running server (URL=http://localhost:8000)
	@Scripts/smoke "$(URL)"

bench: ## Measure a release build beside its peers, and write docs/benchmarks.md (MEASURE=desk,http REPEAT=3 QUICK=1)
	@Scripts/install-packages bench
	@$(MAKE) --no-print-directory $(BENCH_VENV)/requirements.txt
	@echo "make: building the server, the model, the bare route and the load"
	@swift build -c release --product chat-api
	@swift build -c release --product model-upstream
	@swift build -c release --product bare-route
	@swift build -c release --package-path Bench/Load
	@$(if $(MEASURE)$(QUICK),,$(MAKE) --no-print-directory bench-assistant)
	@python3 Bench/run.py

bench-assistant: ## Measure only what is added to a model's first token, and the search in the knowledge base
	@swift build -c release --product chat-api
	@swift build -c release --product model-upstream
	@python3 Bench/streams.py .build/release/chat-api .build/release/model-upstream
	@echo
	@swift build -c release --product RetrievalFigures
	@.build/release/RetrievalFigures Bench/knowledge
	@echo

bench-more: build ## Measure what takes long besides: two nodes, and lists over a million conversations
	@Scripts/install-packages bench
	@python3 Bench/cluster.py .build/release/chat-api
	@echo
	@python3 Bench/lists.py .build/release/chat-api

# The environment of the peers, made like the tests'.
$(BENCH_VENV)/requirements.txt: Bench/Peers/requirements.txt
	@echo "make: making the peers' Python environment in $(BENCH_VENV)"
	@python3 -m venv --clear $(BENCH_VENV)
	@$(BENCH_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	@cp $< $@

lint: ## Check the format of the sources and the table of embedded files
	@swift format lint --strict --recursive $(SOURCES)
	@Scripts/embed-files --check

format: ## Format the sources
	@swift format --in-place --recursive $(SOURCES)

embed: ## Write the table of embedded files anew
	@Scripts/embed-files

openapi: ## Write docs/openapi.json and docs/events.md anew from the code
	@swift build --product chat-api
	@.build/debug/chat-api openapi > docs/openapi.json
	@.build/debug/chat-api openapi --events > docs/events.md

docs-assets: ## Fetch Swagger UI into data/docs-assets, so that /docs needs no internet (DATA_DIR=data)
	@Scripts/fetch-docs-assets "$(or $(DATA_DIR),data)/docs-assets"

env-example: ## Write .env.example anew from the configuration's table
	@swift build --product chat-api
	@.build/debug/chat-api env-example > .env.example
