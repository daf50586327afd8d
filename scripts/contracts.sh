#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# contracts.sh FOLDER: contracts/ compiled into FOLDER, with the compiler of FOLDER/npm; does nothing where that was done already, or
# where there is no compiler.
set -euo pipefail
here=$(realpath "$(dirname "$0")/..")
[[ -f $1/npm/complete ]] || exit 0
# Compared by contracts/tests/run.sh, too.
sources=$(cat "$here"/contracts/build.mjs "$here"/contracts/src/*.sol "$here"/contracts/tests/*.sol "$here"/examples/*/*.sol | sha256sum)
[[ -f $1/artifacts.json && $(cat "$1/sources" 2>/dev/null) == "$sources" ]] && exit 0
node "$here/contracts/build.mjs" "$1/npm" "$1"
echo "$sources" >"$1/sources"
