#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Installs the Debian 12 packages that a task needs and that are missing; does nothing when all are there (then it needs
# neither network nor root). Usage: install_packages.sh [build] [train] [full] [docs] [shells] [web] [server]
set -euo pipefail

build=(build-essential cmake ninja-build pkg-config libtbb-dev libhwy-dev libonnx-dev libprotobuf-dev protobuf-compiler
       libcli11-dev libicu-dev nlohmann-json3-dev libpng-dev zlib1g-dev libssl-dev libcurl4-openssl-dev libsecp256k1-dev libgtest-dev libbenchmark-dev libonnx-testdata jq
       pybind11-dev python3-dev python3-numpy python3-pytest)
train=(python3 python3-numpy python3-torch python3-torchvision python3-sklearn python3-onnx)
full=(python3 python3-venv)
docs=(mkdocs mkdocs-material mkdocstrings mkdocstrings-python-handlers)
shells=(zsh fish mandoc)
web=(clang-19 lld-19 libc++-19-dev-wasm32 libc++abi-19-dev-wasm32 libclang-rt-19-dev-wasm32 wasi-libc chromium)
server=(python3-fastapi python3-uvicorn python3-httptools python3-uvloop python3-cryptography python3-prometheus-client python3-numpy python3-psycopg python3-boto3 postgresql-15)
# Where Node.js comes from elsewhere, Debian's cannot be installed beside it.
command -v node >/dev/null || web+=(nodejs)
command -v npm >/dev/null || web+=(npm)

packages=()
for group in "${@:-build}"; do
  case "$group" in
    build) packages+=("${build[@]}") ;;
    train) packages+=("${train[@]}") ;;
    full) packages+=("${full[@]}") ;;
    docs) packages+=("${docs[@]}") ;;
    shells) packages+=("${shells[@]}") ;;
    web) packages+=("${web[@]}") ;;
    server) packages+=("${server[@]}") ;;
    *) echo "install_packages.sh: unknown group '$group'; expected build, train, full, docs, shells, web or server" >&2; exit 2 ;;
  esac
done

missing=()
for package in "${packages[@]}"; do
  state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  [[ $state == installed ]] || missing+=("$package")
done
if [[ ${#missing[@]} -eq 0 ]]; then
  exit 0
fi

as_root=()
if [[ $EUID -ne 0 ]]; then
  if ! command -v sudo >/dev/null; then
    echo "Missing Debian packages: ${missing[*]}" >&2
    echo "Run as root, or install sudo, or ask for:  apt-get install ${missing[*]}" >&2
    exit 2
  fi
  as_root=(sudo)
fi

echo "Installing ${#missing[@]} missing Debian packages: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
install=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}")
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# Package lists may be absent or too old on a fresh machine: refresh them, and go on with what is there when that fails.
if ! "${as_root[@]}" apt-get update -q </dev/null >"$log" 2>&1; then
  echo "apt-get update failed (no network?); trying with the lists at hand" >&2
fi
if ! "${install[@]}" </dev/null >"$log" 2>&1; then
  tail -n 30 "$log" >&2
  echo "Could not install the packages above. This needs Debian 12 (bookworm) and its package mirror." >&2
  exit 2
fi
echo "Installed."
