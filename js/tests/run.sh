#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# One test of js/tests under node --test. Usage: run.sh QUESTION ZKINFER WEB_FOLDER WORK_FOLDER
# Exit code 77: it could not run, for the reason that is said.
set -euo pipefail
here=$(realpath "$(dirname "$0")")
source "$here/../../tests/support/run_node.sh"
need_node 18
[[ -f $3/zkinfer/zkinfer.wasm ]] || skip "there is no $3/zkinfer: make web"
for part in src cli; do
  diff -rq "$here/../$part" "$3/zkinfer/$part" >/dev/null || { echo "$3/zkinfer is of other sources than js/$part: make web"; exit 1; }
done
if [[ $1 == page || $1 == page_kinds || $1 == page_evm || $1 == prove_page || $1 == bounties_* ]]; then
  command -v chromium >/dev/null || skip "there is no Chromium (scripts/install_packages.sh web)"
fi
if [[ $1 == evm || $1 == four || $1 == page_evm || $1 == market* || $1 == bounties_* ]]; then
  evm=$(realpath "$3/..")/evm
  [[ -f $evm/npm/complete && -f $evm/artifacts.json ]] || skip "there is no $evm: make evm"
  export ZKINFER_EVM=$evm
fi
if [[ $1 == page || $1 == page_kinds || $1 == page_evm || $1 == prove_page || $1 == types || $1 == docs || $1 == evm || $1 == market* || $1 == bounties_* ]]; then
  [[ -f $3/npm/complete ]] || skip "there is no $3/npm: make web could not get its packages from npm"
fi
mkdir -p "$4"
export ZKINFER=$2 ZKINFER_WEB=$3 ZKINFER_WORK=$4
if [[ $1 == deno ]]; then
  # The same test in Deno, which npm gives or somebody has installed.
  deno=$(compgen -G "$3/npm/node_modules/@deno/*/deno" | head -n 1 || command -v deno) || skip "there is no Deno: npm has given none (make web), and none is installed"
  "$deno" --version >/dev/null 2>&1 || skip "$deno does not run here"
  export DENO_DIR=$4/deno DENO_NO_UPDATE_CHECK=1 NO_COLOR=1
  cd "$here"
  exec "$deno" test --allow-all --no-check --no-config --no-lock --node-modules-dir=manual parity.test.js
fi
exec node --test "$here/$1.test.js"
