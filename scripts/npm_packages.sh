#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# npm_packages.sh SOURCE FOLDER: what SOURCE (js, contracts) needs from npm (its package-lock.json), in FOLDER/node_modules; does nothing where it is there.
# Without a network it says so and goes on: the tests that need it say that they are skipped.
set -euo pipefail
lock=$(realpath "$(dirname "$0")/../$1/package-lock.json")
cmp -s "$lock" "$2/package-lock.json" && [[ -f $2/complete ]] && exit 0
mkdir -p "$2"
rm -f "$2/complete"
cp "$lock" "$(dirname "$lock")/package.json" "$2"
if (cd "$2" && npm ci --ignore-scripts --no-audit --no-fund --silent </dev/null); then
  touch "$2/complete"
else
  rm -rf "$2/node_modules"
  echo "npm_packages.sh: npm gave no packages (no network?); tests that need them are skipped" >&2
fi
