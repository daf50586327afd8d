#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# npm_packages.sh FOLDER: what the tests of js/ need from npm (js/package-lock.json), in FOLDER/node_modules; does nothing where it is there.
# Without a network it says so and goes on: the tests that need it say that they are skipped.
set -euo pipefail
lock=$(realpath "$(dirname "$0")/../js/package-lock.json")
cmp -s "$lock" "$1/package-lock.json" && [[ -f $1/complete ]] && exit 0
mkdir -p "$1"
rm -f "$1/complete"
cp "$lock" "$(dirname "$lock")/package.json" "$1"
if (cd "$1" && npm ci --ignore-scripts --no-audit --no-fund --silent </dev/null); then
  touch "$1/complete"
else
  rm -rf "$1/node_modules"
  echo "npm_packages.sh: npm gave no packages (no network?); the tests of the page and of the types are skipped" >&2
fi
