# SPDX-License-Identifier: LGPL-2.1-or-later
#
# cargo decides what has to be built again; this file only says what belongs together.
# `make` without a target explains the targets.

# Where things go when installed.
DESTDIR ?=
PREFIX ?= /usr/local

# Settings of `make run`. Not 9090: an installed Cockpit may listen there.
PORT ?= 9091
FACE ?= openshift
# Empty: the installed one.
COCKPIT ?=

# Passed to cargo; .ci/run sets --locked.
CARGO_FLAGS ?=

# All output of cargo; an outer CARGO_TARGET_DIR is respected.
TARGET := $(abspath $(or $(CARGO_TARGET_DIR),target))
export CARGO_TARGET_DIR := $(TARGET)

# Tools that setup builds when the machine lacks them.
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/cockpit-images
export PATH := $(PATH):$(CACHE)/tools/bin

NPM := $(TARGET)/npm
BRIDGE := $(TARGET)/debug/cockpit-images-bridge
BUNDLE := $(TARGET)/debug/images-bundle
# The page has a target folder of its own: it may need another compiler than the rest.
WASM_TARGET := $(TARGET)/wasm
WASM_CARGO := CARGO_TARGET_DIR=$(WASM_TARGET) pkg/setup/wasm-cargo.sh
WASM := $(WASM_TARGET)/wasm32-unknown-unknown/page/images_ui.wasm

VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
DIST_NAME := cockpit-images-$(VERSION)

.PHONY: help
help:
	@echo 'cockpit-images: the images of a cluster registry, in Cockpit. Targets:'
	@echo
	@echo '  make run              build all, start a loopback cluster with a seeded registry and a'
	@echo '                        Cockpit on 127.0.0.1, print the address; Ctrl-C stops them'
	@echo '                        PORT=9091  FACE=openshift|plain  COCKPIT=287|337, else the installed one'
	@echo '  make check            build all and run every test; TESTS="ARGUMENTS OF NEXTEST" selects'
	@echo '  make check-cluster    the acceptance tests in a cluster of yours; README.md tells the rights that'
	@echo '                        it takes: KUBECONFIG=FILE  PROJECT=NAME  REGISTRY=HOST:PORT'
	@echo '  make codecheck        formatting, lints for host and wasm32, licenses and sources of'
	@echo '                        all dependencies'
	@echo '  make bench            measure the budgets, and keep the table in tests/bench.md'
	@echo '  make build            the bridge and, in dist/images, the page, for development'
	@echo '  make devel-install    show dist/images in your own Cockpit sessions, until'
	@echo '  make devel-uninstall  is called'
	@echo '  make install          release build into DESTDIR and PREFIX (/usr/local)'
	@echo '  make setup            install what building and testing need; run, check and build do'
	@echo '                        that by themselves'
	@echo '  make dist             source archive of the last commit'
	@echo '  make clean            remove all that was built; $(CACHE) stays'

# ---- What building needs

.PHONY: setup setup-build setup-test
setup: setup-build setup-test

# What compiling needs.
setup-build:
	@pkg/setup/debian.sh
	@pkg/setup/wasm-target.sh
	@pkg/setup/patternfly.sh $(NPM)

# What only the tests need on top.
setup-test:
	@pkg/setup/rust-tools.sh cargo-nextest@0.9.143
	@pkg/setup/cockpit-337.sh >/dev/null

# ---- Building for development

.PHONY: build programs page
PARTS = --bins
build: programs page

# All at once: built one by one, dependencies would be compiled again for each set of features.
programs: setup-build
	@echo 'build: the bridge and the programs of the tests'
	@cargo build $(CARGO_FLAGS) --workspace $(PARTS)

page: setup-build
	@echo 'build: the page, dist/images'
	@$(WASM_CARGO) build $(CARGO_FLAGS) --profile page --target wasm32-unknown-unknown -p images-ui --lib
	@cargo build $(CARGO_FLAGS) -p images-bundle
	@$(call bundle,$(BRIDGE),dist/images)

# $(call bundle,PATH OF THE BRIDGE,FOLDER)
bundle = $(BUNDLE) --wasm $(WASM) --page pkg/page --patternfly $(NPM)/node_modules/@patternfly/patternfly \
	--manifest manifest.json --bridge $(1) --out $(2)

# ---- Trying and testing

.PHONY: run check check-cluster bench codecheck
run: setup build
	@echo 'run: loopback cluster ($(FACE)) and Cockpit $(COCKPIT) on 127.0.0.1:$(PORT); Ctrl-C stops both'
	@PORT=$(PORT) FACE=$(FACE) $(addprefix COCKPIT=,$(COCKPIT)) exec $(TARGET)/debug/run

# Built apart from the programs, the tests would want other features of shared dependencies, and
# compile these a second time.
check: PARTS = --all-targets
check: setup build
	@echo 'check: every test'
	@cargo test $(CARGO_FLAGS) --workspace --doc
	@cargo nextest run $(CARGO_FLAGS) --workspace $(TESTS)

# Of the settings, only KUBECONFIG must be given; `check-cluster --help` explains all of them.
check-cluster: export KUBECONFIG := $(KUBECONFIG)
check-cluster: export PROJECT := $(PROJECT)
check-cluster: export REGISTRY := $(REGISTRY)
check-cluster: programs
	@command -v skopeo >/dev/null || { echo 'check-cluster: skopeo is not installed' >&2; exit 1; }
	@$(TARGET)/debug/check-cluster

bench: setup build
	@pkg/setup/debian.sh jq kubernetes-client wrk
	@echo 'bench: measuring the budgets'
	@cargo build $(CARGO_FLAGS) --release -p images-bridge -p images-cluster -p images-tests --bins
	@$(TARGET)/release/bench

codecheck: setup-build
	@pkg/setup/rust-tools.sh cargo-deny@0.19.9
	@echo 'codecheck: formatting'
	@cargo fmt --all --check
	@echo 'codecheck: lints'
	@cargo clippy $(CARGO_FLAGS) --workspace --all-targets -- -D warnings
	@$(WASM_CARGO) clippy $(CARGO_FLAGS) --target wasm32-unknown-unknown -p images-ui -p images-proto -- -D warnings
	@echo 'codecheck: dependencies'
	@cargo deny --log-level error $(CARGO_FLAGS) check bans licenses sources

# ---- Installing

libexecdir = $(PREFIX)/libexec
datadir = $(PREFIX)/share

.PHONY: install devel-install devel-uninstall
install: setup-build
	@echo 'install: $(DESTDIR)$(PREFIX)'
	cargo build $(CARGO_FLAGS) --release -p images-bridge
	$(WASM_CARGO) build $(CARGO_FLAGS) --profile page --target wasm32-unknown-unknown -p images-ui --lib
	cargo build $(CARGO_FLAGS) -p images-bundle
	$(call bundle,$(libexecdir)/cockpit-images-bridge,$(TARGET)/install/images)
	install -D -m 755 $(TARGET)/release/cockpit-images-bridge $(DESTDIR)$(libexecdir)/cockpit-images-bridge
	rm -rf $(DESTDIR)$(datadir)/cockpit/images
	install -d $(DESTDIR)$(datadir)/cockpit
	cp -R --preserve=mode $(TARGET)/install/images $(DESTDIR)$(datadir)/cockpit/images
	install -D -m 644 pkg/org.cockpit_project.images.metainfo.xml -t $(DESTDIR)$(datadir)/metainfo
	install -D -m 644 pkg/cockpit-images-bridge.8 -t $(DESTDIR)$(datadir)/man/man8

# Cockpit looks for the packages of a user in her home before those of the system.
DEVEL_LINK = $(or $(XDG_DATA_HOME),$(HOME)/.local/share)/cockpit/images

devel-install: build
	@mkdir -p $(dir $(DEVEL_LINK))
	@ln -sfn $(abspath dist/images) $(DEVEL_LINK)
	@echo 'devel-install: $(DEVEL_LINK) shows this build; log into Cockpit again to see it'

devel-uninstall:
	@rm -f $(DEVEL_LINK)
	@echo 'devel-uninstall: removed $(DEVEL_LINK)'

# ---- The rest

.PHONY: dist clean
dist:
	@mkdir -p dist
	git archive --format=tar --prefix=$(DIST_NAME)/ HEAD | gzip -9n > dist/$(DIST_NAME).tar.gz
	@echo 'dist: dist/$(DIST_NAME).tar.gz'

clean:
	cargo clean --quiet
	rm -rf dist
