#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The end of `make demo`, on a chain. Usage: demo_test.sh ZKINFER EVM_FOLDER WORK_FOLDER. Exit code 77: it could not run, for the reason that is said.
set -euo pipefail
zkinfer=$(realpath "$1") evm=$(realpath "$2")
source_folder=$(realpath "$(dirname "$0")/../..")
rm -rf "$3" && mkdir -p "$3" && cd "$3"
"$zkinfer" --quiet compile "$source_folder/examples/mlp/mlp.onnx" --calibration "$source_folder/examples/mlp/calibration.json" --output mlp.zkmodel
status=0
"$source_folder/scripts/demo_chain.sh" "$zkinfer" mlp.zkmodel "$source_folder/examples/mlp/input.json" chain "$evm" | tee said || status=$?
[[ $status -ne 77 ]] || exit 77
grep -qE 'verified in one transaction +[0-9]+ gas, [0-9]+ bytes of proof: ACCEPTED' said
grep -qE 'one bit changed +REJECTED by the contract: ' said
# Without packages it says so.
expected=0
"$source_folder/scripts/demo_chain.sh" "$zkinfer" mlp.zkmodel "$source_folder/examples/mlp/input.json" chain nowhere >said || expected=$?
[[ $expected -eq 77 ]] && grep -q 'skipped: there is no node of a chain' said
exit "$status"
