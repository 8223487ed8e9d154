# What can be done here. Each target installs what it needs, says what it does, and prints how long it took.
# The work is in .ci/, so that a machine without make can call the same scripts.

export CARGO_TARGET_DIR ?= $(HOME)/.cache/concord/target

.DEFAULT_GOAL := help
.PHONY: help demo test build dev check fmt bench campaign shots prepare tools

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1 — /p' Makefile

demo: ## build, then serve a seeded portal with its own database on http://127.0.0.1:3000
	@.ci/demo

test: ## every check: format, lints, tests, release build, pages, short bench and campaign
	@.ci/test

build: ## release build of both halves: target/dist holds binary, hash.txt and site
	@.ci/build

dev: ## debug build that rebuilds and reloads on change
	@.ci/dev

check: ## format and lints of both halves
	@.ci/check

fmt: ## format all Rust code
	@cargo fmt --all

bench: ## print the measured ratios against their budgets
	@.ci/bench

campaign: ## the long runs: full counts of every randomised and fault test
	@.ci/campaign

shots: ## screenshots of every page in every role: target/shots/index.html
	@.ci/shots

prepare: ## write .sqlx again after a query or a migration has changed
	@.ci/prepare

tools: ## only install what is missing
	@.ci/tools && .ci/node browser
