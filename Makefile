# SPDX-License-Identifier: Apache-2.0
# The two commands for a fresh Debian 12 machine are `make demo` and `make test`; `make help` lists all.
# Everything is built under build/release by CMake; this file only strings the steps together.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
BUILD := build/release
ZKINFER := $(BUILD)/tools/cli/zkinfer
PREFIX ?= /usr/local
SOAK_SECONDS ?= 1200
# A compiler process of this code base takes up to about 1.5 GiB.
JOBS ?= $(shell nproc | awk -v memory_mib="$$(awk '/MemAvailable/ {print int($$2 / 1024)}' /proc/meminfo)" \
	'{limit = int(memory_mib / 1500); if (limit < 1) limit = 1; print ($$1 < limit ? $$1 : limit)}')

.PHONY: help packages test-packages configure build demo test test-full soak web docs deb install bench train clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

packages:
	@scripts/install_packages.sh build

test-packages:
	@scripts/install_packages.sh server docs shells

configure: packages
	@mkdir -p build
	@cmake --preset release >$(BUILD).configure.log 2>&1 || { cat $(BUILD).configure.log; exit 2; }

build: configure  ## installs what is missing, configures and compiles everything (release)
	@cmake --build --preset release -j $(JOBS)

demo: configure  ## proves one inference of a trained network, verifies it, shows what is rejected, on a chain too where npm is; writes build/demo/report.html
	@cmake --build --preset release -j $(JOBS) --target zkinfer
	@$(ZKINFER) demo --examples examples --output build/demo
	@if command -v node >/dev/null && command -v npm >/dev/null; then npm_config_fetch_retries=0 scripts/npm_packages.sh contracts build/evm/npm && scripts/contracts.sh build/evm >/dev/null; fi || true
	@scripts/demo_chain.sh $(ZKINFER) build/demo/digits.zkmodel examples/digits/digit_7.png build/demo/chain build/evm || [[ $$? -eq 77 ]]

test: test-packages build evm web  ## builds and runs all tests
	@ctest --preset release -j 2

test-full: test  ## `make test`, then what needs packages from PyPI (a virtual environment of its own): the newest ONNX node tests, models against onnxruntime
	@scripts/test_full.sh $(BUILD) build/full

soak: test-packages build  ## kills a service's processes for 20 minutes (SOAK_SECONDS=..) and looks for lost answers, slots used twice and proofs of other receipts
	@PYTHON=/usr/bin/python3 PYTHONPATH=server/tests:server:$(BUILD)/python ZKINFER_SOURCE_DIR=. ZKINFER_PROGRAM=$(ZKINFER) ZKINFER_WORK_DIR=build server/tests/run.sh soak $(SOAK_SECONDS) --all

install: build  ## installs headers, libraries and the program under PREFIX (default /usr/local)
	@cmake --install $(BUILD) --prefix $(PREFIX)

web:  ## the verifier for browsers and JavaScript (WebAssembly): build/web
	@scripts/install_packages.sh web
	@mkdir -p build
	@cmake --preset wasm >build/wasm.configure.log 2>&1 || { cat build/wasm.configure.log; exit 2; }
	@cmake --build --preset wasm -j $(JOBS)
	@scripts/npm_packages.sh js build/web/npm
	@ZKINFER_EVM=build/evm ZKINFER_NPM=build/web/npm node js/build.mjs build/wasm/js/wasm build/web $$([[ -f build/demo/digit.zkproof ]] && echo build/demo)

evm:  ## the contracts that check proofs on EVM chains: build/evm
	@scripts/install_packages.sh web
	@scripts/npm_packages.sh contracts build/evm/npm
	@scripts/contracts.sh build/evm

docs:  ## the documentation as a site: build/docs/site (installs mkdocs)
	@scripts/install_packages.sh docs
	@scripts/docs_site.py .

deb: build  ## Debian packages of the program and the libraries: build/release/*.deb
	@cd $(BUILD) && cpack -G DEB

bench: configure  ## whole-model benchmarks; writes build/bench/*.json (VGG-16 too when python3-torch is there)
	@cmake --build --preset release -j $(JOBS) --target zkinfer
	@scripts/bench.sh $(ZKINFER) build/bench

train:  ## trains the example networks again (installs python3-torch and python3-sklearn)
	@scripts/install_packages.sh train
	@/usr/bin/python3 examples/digits/train.py
	@/usr/bin/python3 examples/mlp/train.py

clean:  ## removes what `make` built
	@rm -rf $(BUILD) $(BUILD).configure.log build/demo build/bench build/full build/docs build/web build/evm build/wasm build/wasm.configure.log
