# SPDX-License-Identifier: Apache-2.0
# The door for people. CMake and Ninja do the work; `make help` lists what there is.

PREFIX  ?= /usr/local
DESTDIR ?=
JOBS    ?= $(shell nproc)
# Tests with servers wait more than they compute.
TESTS_AT_ONCE ?= $(shell expr $(JOBS) + 1)
COMPOSE ?= docker-compose

sudo     := $(if $(filter-out 0,$(shell id -u)),sudo)
packages := $(shell awk '/^[a-z]/ {print $$2}' deploy/debian-packages.txt)
sources   = $(shell git ls-files '*.c' '*.h')
scripts   = $(shell git grep -lE '^\#!/bin/(ba)?sh' -- ':!*.md')
yamls     = $(shell git ls-files '*.yml' '*.yaml')
sqlfluff := .cache/sqlfluff/bin/sqlfluff

.DEFAULT_GOAL := help
.PHONY: help deps ready build demo test test-asan test-asan-all lint format start stop install clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

deps: ## install the Debian packages (deploy/debian-packages.txt)
	$(sudo) apt-get update
	$(sudo) env DEBIAN_FRONTEND=noninteractive \
		apt-get install -y --no-install-recommends $(packages)

# `make demo` and `make test` are a newcomer's first commands.
ready:
	@! command -v dpkg-query >/dev/null || dpkg-query -W $(packages) >/dev/null 2>&1 || $(MAKE) deps

build: ## build/penstock
	cmake --preset release
	cmake --build --preset release -j $(JOBS)

demo: ready ## the example examples/world from files to report, in a fresh folder
	$(MAKE) build
	examples/world/demo

test-asan: ## unit, integration in C and a choice of the others under ASan and UBSan
	cmake --preset asan
	cmake --build --preset asan -j $(JOBS)
	ctest --test-dir build-asan -j $(TESTS_AT_ONCE) -L '^(unit|sanitizers)$$' --output-on-failure

test-asan-all: ## every test but those that measure memory, under ASan and UBSan; takes an hour
	cmake --preset asan
	cmake --build --preset asan -j $(JOBS)
	ctest --test-dir build-asan -j $(JOBS) --output-on-failure

test: ready ## all tests: under the sanitizers first, then everything on the release build
	$(MAKE) build test-asan
	ctest --test-dir build -j $(TESTS_AT_ONCE) --output-on-failure

$(sqlfluff): deploy/lint-packages.txt
	python3 -m venv --clear .cache/sqlfluff
	.cache/sqlfluff/bin/pip install --quiet --disable-pip-version-check -r $<
	touch $@

lint: $(sqlfluff) ## formatting, clang-tidy, shell, YAML and SQL, the rules of the tree
	clang-format --dry-run -Werror $(sources)
	cmake --preset debug
	cmake --build --preset debug -j $(JOBS)
	printf '%s\n' $(filter-out common/base/err.c,$(filter common/%.c services/%.c,$(sources))) | \
		xargs -P $(JOBS) -n 1 clang-tidy --quiet -p build-debug \
			--extra-arg=-include$(CURDIR)/cmake/analyzer.h
	shellcheck $(scripts)
	yamllint --strict $(yamls)
	$(sqlfluff) lint --processes $(JOBS) sql examples
	ctest --test-dir build-debug -R '^unit\.test_house$$' --output-on-failure

format: ## clang-format every C file in place
	clang-format -i $(sources)

start: ## the fleet in containers: Kafka, Postgres and every service
	deploy/make-secrets
	$(COMPOSE) up -d --build

stop: ## end the containers; volumes stay
	$(COMPOSE) down

install: build ## to DESTDIR/PREFIX (/usr/local)
	DESTDIR=$(DESTDIR) cmake --install build --prefix $(PREFIX)

clean: ## remove what was built
	rm -rf build build-debug build-asan build-tsan build-coverage build-fuzz
