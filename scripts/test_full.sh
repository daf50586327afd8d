#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# test_full.sh BUILD_FOLDER WORK_FOLDER [nodes] [models] [trained] [sweep] [trees]: what `make test` leaves out because it needs packages from PyPI: the node tests of
# the newest onnx, every ONNX model of ../shared/data against onnxruntime, trained
# networks on real pictures, operators of other shapes and attributes, scikit-learn's models. Tables: WORK_FOLDER/*.md and *.json.
# The virtual environment is WORK_FOLDER/venv. Exit code 1 where a model or test fails, or fewer pass than did.
set -euo pipefail
cd "$(dirname "$0")/.."
build=$1 work=$2
shift 2
parts=("$@")
((${#parts[@]})) || parts=(nodes models trained sweep trees)
# Of onnx 1.23.2, onnxruntime 1.32.0, scikit-learn 1.9.1, skl2onnx 1.20.0. They may only grow.
least_nodes=1443 least_models=119 least_trained=10 least_sweep=258 least_trees=26

mkdir -p "$work"
python=$work/venv/bin/python
if [[ ! -x $python ]]; then
  python3 -c 'import ensurepip, venv' 2>/dev/null || scripts/install_packages.sh full
  python3 -m venv "$work/venv"
fi
"$python" -m pip install --quiet --disable-pip-version-check --upgrade onnx onnxruntime numpy scikit-learn skl2onnx
"$python" -m pip list --disable-pip-version-check 2>/dev/null | grep -E '^(onnx|onnxruntime|numpy|scikit-learn|skl2onnx) ' >"$work/packages.txt"

failed=0
for part in "${parts[@]}"; do
  echo "== $part"
  result=0
  case $part in
    nodes)
      rm -rf "$work/node"
      "$python" tests/nodes/write_node_tests.py "$work/node"
      "$build/tests/nodes/node_tests" "$work/node" --json "$work/nodes.json" --markdown "$work/nodes.md" --at-least "$least_nodes" || result=$? ;;
    models)
      "$python" tests/models/against_onnxruntime.py "$build/tools/cli/zkinfer" --json "$work/models.json" --markdown "$work/models.md" \
        --at-least "$least_models" || result=$? ;;
    trained)
      "$python" tests/models/trained_models.py "$build/tools/cli/zkinfer" --json "$work/trained.json" --markdown "$work/trained.md" \
        --at-least "$least_trained" || result=$? ;;
    sweep)
      "$python" tests/models/operator_sweep.py "$build/tools/cli/zkinfer" --prove --json "$work/sweep.json" --at-least "$least_sweep" || result=$? ;;
    trees)
      "$python" tests/models/tree_models.py "$build/tools/cli/zkinfer" --json "$work/trees.json" --at-least "$least_trees" || result=$? ;;
    *) echo "test_full.sh: unknown part '$part'; expected nodes, models, trained, sweep or trees" >&2; exit 2 ;;
  esac
  # 77: the data are not there, which the part has said.
  ((result == 0 || result == 77)) || failed=1
done
exit $failed
