#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# One test of contracts/tests under node --test. Usage: run.sh QUESTION ZKINFER EVM_FIXTURE EVM_FOLDER WORK_FOLDER
# Exit code 77: it could not run, for the reason that is said.
set -euo pipefail
here=$(realpath "$(dirname "$0")")
source "$here/../../tests/support/run_node.sh"
need_node 20
[[ -f $4/npm/complete ]] || skip "there is no $4/npm: make evm could not get its packages from npm"
[[ -f $4/artifacts.json ]] || skip "there is no $4/artifacts.json: make evm"
sources=$(cat "$here"/../build.mjs "$here"/../src/*.sol "$here"/*.sol "$here"/../../examples/*/*.sol | sha256sum)
[[ $sources == "$(cat "$4/sources")" ]] || { echo "$4 is of other sources than contracts: make evm"; exit 1; }
mkdir -p "$5"
export ZKINFER=$2 ZKINFER_FIXTURE=$3 ZKINFER_NPM=$4/npm ZKINFER_CONTRACTS=$4 ZKINFER_WORK=$5 ZKINFER_SOURCE=$(realpath "$here/../..")
exec node --test "$here/$1.test.js"
